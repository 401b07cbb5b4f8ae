# build-room.sh FOLDER MIRROR KEYRING: Debian 13's sshd, both sudos and many shells, unpacked into FOLDER/root, as root.
# No maintainer script runs: what of theirs is needed is done below.
set -e
folder=$1
with_needs="base-files base-passwd bash busybox coreutils csh dash findutils grep libpam-modules libpam-runtime login mawk openssh-server libreadline8t64
  passwd sed sudo sudo-rs tcsh util-linux zsh"
# What fish only recommends in truth (python, man) is left out.
alone="fish fish-common libpcre2-32-0 rc"
mkdir -p "$folder/apt/state/lists/partial" "$folder/apt/cache/archives/partial" "$folder/root"
cd "$folder"
echo "deb [signed-by=$3] $2 trixie main" > apt/sources.list
: > apt/status
apt() {
  apt-get -q -y -o "Dir::Etc::SourceList=$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o "Dir::State=$folder/apt/state" -o "Dir::State::Status=$folder/apt/status" -o "Dir::Cache=$folder/apt/cache" \
    -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Install-Recommends=false -o Acquire::Languages=none \
    -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any "$@"
}
apt update
# shellcheck disable=SC2086
apt --download-only install $with_needs
# shellcheck disable=SC2086
(cd apt/cache/archives && apt download $alone)
for each in bin sbin lib lib64; do mkdir -p "root/usr/$each"; ln -s "usr/$each" "root/$each"; done
for package in apt/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C root --keep-directory-symlink --same-permissions
done
cp root/usr/share/base-passwd/passwd.master root/etc/passwd
cp root/usr/share/base-passwd/group.master root/etc/group
sed 's/:.*/:*:19000:0:99999:7:::/' root/etc/passwd > root/etc/shadow
chmod 4755 root/usr/lib/cargo/bin/sudo
for kind in auth account password session session-noninteractive; do echo "${kind%%-*} required pam_unix.so" > "root/etc/pam.d/common-$kind"; done
ln -sf mawk root/usr/bin/awk
ln -sf dash root/usr/bin/sh
ln -s busybox root/usr/bin/ash
mkdir -p root/run root/proc root/dev root/tmp root/home root/root
chmod 1777 root/tmp
rm -rf apt
