#!/bin/sh
# Runs as root when the package has been unpacked, also at an update.
set -e
home='/opt/${sanitizedProductName}'

# The command, beside the app of the desktop entry.
ln -sfn "$home/resources/playfleet/bin/playfleet" /usr/bin/playfleet
ln -sfn "$home/${executable}" '/usr/bin/${executable}'

# Chromium's sandbox needs either user namespaces or this program as root.
if [ -f "$home/chrome-sandbox" ]; then
  if unshare --user true 2>/dev/null; then
    chmod 0755 "$home/chrome-sandbox"
  else
    chmod 4755 "$home/chrome-sandbox"
  fi
fi

# Ubuntu 24.04 and later forbid user namespaces to programs without a profile.
profile="$home/resources/apparmor-profile"
if [ -f "$profile" ] && command -v apparmor_parser >/dev/null 2>&1 && apparmor_status --enabled >/dev/null 2>&1; then
  if apparmor_parser --skip-kernel-load "$profile" >/dev/null 2>&1; then
    cp -f "$profile" '/etc/apparmor.d/${executable}'
    apparmor_parser --replace --write-cache --skip-read-cache '/etc/apparmor.d/${executable}' || true
  fi
fi

# Whom the worker runs as, where the service is used.
if command -v systemd-sysusers >/dev/null 2>&1; then
  systemd-sysusers playfleet.conf || true
elif ! getent passwd playfleet >/dev/null; then
  useradd --system --home-dir /var/lib/playfleet --shell /usr/sbin/nologin playfleet
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # An update takes effect at once; what runs may finish first.
  systemctl try-restart playfleet-worker.service || true
fi

if command -v update-desktop-database >/dev/null 2>&1; then update-desktop-database -q /usr/share/applications || true; fi
if command -v gtk-update-icon-cache >/dev/null 2>&1; then gtk-update-icon-cache -q -t -f /usr/share/icons/hicolor || true; fi
