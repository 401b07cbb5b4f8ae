#!/bin/sh
# configure.sh RELEASE: in the tree. Network, users, keys, services, initramfs. The private key that logs in, and the
# host's public one, are left in /lab-keys for the builder to take away.
set -eu
chmod 440 /etc/sudoers.d/admin
echo "lab-$1" > /etc/hostname
printf '127.0.1.1 lab-%s\n' "$1" >> /etc/hosts

useradd --create-home --shell /bin/bash --groups libvirt admin
mkdir /lab-keys
ssh-keygen -q -t ed25519 -N '' -C lab -f /lab-keys/client
for home in /root /home/admin; do
  mkdir -p "$home/.ssh"
  chmod 700 "$home/.ssh"
  cp /lab-keys/client.pub "$home/.ssh/authorized_keys"
done
chown -R admin: /home/admin/.ssh
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -C lab -f /etc/ssh/ssh_host_ed25519_key
cp /etc/ssh/ssh_host_ed25519_key.pub /lab-keys/host.pub

systemctl -q enable ssh systemd-networkd
systemctl -q set-default multi-user.target
# Timers that would run at some time in the middle of a test, and logins that nobody uses on a slow machine.
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer getty@tty1.service serial-getty@ttyS0.service \
  systemd-networkd-wait-online.service systemd-timesyncd.service

# What every boot, and every reload of systemd, would start a process or more for, and no test and no host needs.
systemctl -q mask dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount modprobe@configfs.service modprobe@dm_mod.service \
  modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service \
  systemd-network-generator.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
mkdir -p /etc/systemd/system-generators
for generator in /usr/lib/systemd/system-generators/*; do
  case $generator in */systemd-fstab-generator) ;; *) ln -s /dev/null "/etc/systemd/system-generators/${generator##*/}" ;; esac
done

# Making an initramfs takes a process or more for each file in it. A hook that is not executable is left out.
for hook in dmsetup fsck thermal; do
  if [ -e "/usr/share/initramfs-tools/hooks/$hook" ]; then chmod -x "/usr/share/initramfs-tools/hooks/$hook"; fi
done

# Every machine made from this image gets an id of its own at its first boot.
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id /usr/sbin/policy-rc.d
update-initramfs -c -k all
