# Installs a driver package; success is what is on disk afterwards, never the exit code.
run=$1 version=$2 dkms=$3 hash=$4
line_of /proc/sys/kernel/random/boot_id
boot=$value
found=$(sha256sum "$run" | cut -d ' ' -f 1)
if [ "$found" != "$hash" ]; then echo "sha256 of $run is $found, expected $hash"; exit 3; fi
record driver state=intent "version=$version" "boot=$boot" || exit 1
set -- --silent --accept-license --no-questions --ui=none
if [ "$dkms" = yes ]; then set -- "$@" --dkms; fi
sh "$run" "$@"
code=$?
installed=$(modinfo -F version nvidia 2>/dev/null)
if [ "$installed" != "$version" ]; then
  tail -n 15 /var/log/nvidia-installer.log 2>/dev/null
  echo "installer exit code $code; module nvidia on disk: ${installed:-none}"
  exit 1
fi
record driver state=done "version=$version" "boot=$boot"
