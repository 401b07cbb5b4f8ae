# Copies a package to where only root writes; it gets its name when its content is the declared one.
source=$1 hash=$2
packages=/var/lib/pulumi-vgpu/packages
umask 077
[ -f "$source" ] || { echo "there is no file $source"; exit 3; }
size=$(stat -L -c %s "$source") || exit 1
has=$((size / 1048576))
if [ "$size" -gt 4294967296 ]; then echo "$source has $has MiB, which is more than any driver package has"; exit 3; fi
own_packages "$packages" && rm -f "$packages/$hash.part" || { echo "$why" >&2; exit 1; }
free=$(df -P -k "$packages" | { read -r _; read -r _ _ _ free _; echo "${free:-0}"; })
room=$((free / 1024))
if [ "$free" -le $((size / 1024)) ]; then echo "$packages has room for $room MiB, $source has $has MiB" >&2; exit 1; fi
# Whoever may write beside it may put a pipe or an endless device in its place meanwhile: a shell would wait for its open, too.
limit=$((size + 1))
timeout 900 head -c "$limit" -- "$source" > "$packages/$hash.part"
code=$?
found=$(sha256sum < "$packages/$hash.part" | cut -d ' ' -f 1)
if [ "$code" != 0 ] || [ "$found" != "$hash" ]; then
  rm -f "$packages/$hash.part"
  [ "$code" = 0 ] || { echo "copying $source to $packages ended with code $code" >&2; exit 1; }
  echo "sha256 of $source is $found, expected $hash"
  exit 3
fi
sync "$packages/$hash.part" && mv -f -T "$packages/$hash.part" "$packages/$hash.run"
