#!/bin/sh
# Runs as root before the package's files are removed; an update restarts the service instead (after-install).
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now playfleet-worker.service || true
fi
