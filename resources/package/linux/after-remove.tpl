#!/bin/sh
# Runs as root after removal, after a purge, and after an update by what was installed before.
set -e
case "$1" in
  upgrade | failed-upgrade | abort-upgrade | 1) exit 0 ;;
esac

rm -f '/usr/bin/${executable}' /usr/bin/playfleet
if [ -f '/etc/apparmor.d/${executable}' ]; then
  if command -v apparmor_parser >/dev/null 2>&1; then apparmor_parser --remove '/etc/apparmor.d/${executable}' || true; fi
  rm -f '/etc/apparmor.d/${executable}'
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
# Keys, checkouts and reports of the worker go only with a purge.
if [ "$1" = purge ]; then
  rm -rf /var/lib/playfleet /etc/playfleet
  if getent passwd playfleet >/dev/null; then userdel playfleet || true; fi
fi
