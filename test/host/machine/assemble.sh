# assemble.sh DIR OVERLAY_OPTIONS: mounts a machine's /usr, once; it outlives the machine's reboots.
set -e
cd "$1"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$1/usr-upper,workdir=$1/usr-work$2" root/usr
mount --bind private/modules root/usr/lib/modules
mount --bind private/units root/usr/lib/systemd/system
mount --bind private/local root/usr/local
mount --bind private/src root/usr/src
