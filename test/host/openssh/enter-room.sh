# enter-room.sh ROOT OWN PORT: pid 1 of new mount and pid namespaces. Lays the files of OWN over ROOT and serves SSH there till it dies.
set -e
mount -t tmpfs room "$2/over"
mkdir "$2/over/upper" "$2/over/work" "$2/over/room"
cp -a "$2/files/." "$2/over/upper"
mount -t overlay room -o "lowerdir=$1,upperdir=$2/over/upper,workdir=$2/over/work" "$2/over/room"
cd "$2/over/room"
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p run/sshd
echo "127.0.0.1 localhost $(hostname)" > etc/hosts
chroot . /usr/sbin/chpasswd < etc/passwords
chroot . /usr/sbin/useradd -M -d / -r -s /usr/sbin/nologin sshd
chroot . /usr/bin/ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/host_key
while read -r option day user; do chroot . /usr/bin/chage "$option" "$day" "$user"; done < etc/ages
cat etc/ssh/host_key.pub
exec chroot . /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config -p "$3"
