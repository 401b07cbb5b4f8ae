# enter.sh DIR NAME: one power-on. Runs as pid 1 of new mount, pid, uts and ipc namespaces and stays it.
set -e
# Opened by this shell itself while /proc is still the simulator's: the pid others know it by.
read -r pid rest < /proc/self/stat
hostname "$2"
root=$1/root
mount --rbind "$root" "$root"
cd "$root"
mount -t proc proc proc
for node in null zero full random urandom tty; do mount --bind "/dev/$node" "dev/$node"; done
mount --bind "$1/boot_id" proc/sys/kernel/random/boot_id
mount --bind "$1/cmdline" proc/cmdline
mount --bind "$1/cpuinfo" proc/cpuinfo
# As on a real machine, which is no container: this shell is process 1 of it.
mkdir -p "$1/ns"
ln -sfn 'pid:[4026531836]' "$1/ns/pid"
mount --bind "$1/ns" proc/1/ns
pivot_root . mnt
umount -l /mnt
cd /
echo "$pid"
exec </dev/null >/dev/null 2>&1
# Waiting reaps whatever the machine orphans.
while :; do sleep 86400 || :; done
