# Removes the driver that we installed.
if command -v nvidia-uninstall > /dev/null 2>&1; then nvidia-uninstall --silent; code=$?; else code=0; fi
left=$(modinfo -F version nvidia 2>/dev/null)
if [ -n "$left" ]; then
  tail -n 15 /var/log/nvidia-uninstall.log 2>/dev/null
  echo "nvidia-uninstall exit code $code; module nvidia on disk: $left"
  exit 1
fi
forget driver
