# The programs that the look relies on, each tried as it is used: one of another make answers half, and half reads as absence.
# Prints "missing", the program, the package that has it, and "absent" or "other". Reads only.
missing() {
  value=other
  if ! command -v "$1" > /dev/null 2>&1; then value=absent; fi
  lacking=yes
  printf 'missing\t%s\t%s\t%s\n' "$1" "$2" "$value"
}
lacking=
for tool in cat head ls readlink sha256sum sort tail timeout tr uname wc; do
  if ! command -v "$tool" > /dev/null 2>&1; then missing "$tool" 'GNU coreutils'; fi
done
if ! timeout 5 true 2> /dev/null && command -v timeout > /dev/null 2>&1; then missing timeout 'GNU coreutils'; fi
value=$(printf 'a\tb\0' | cut -z -f 2 2> /dev/null | tr '\000' ' ')
if [ "$value" != 'b ' ]; then missing cut 'GNU coreutils'; fi
if [ "$(stat -L --printf 'seen' / 2> /dev/null)" != seen ]; then missing stat 'GNU coreutils'; fi
value=$(printf 'a\0b\0' | sed -z -E 's/a|b/c/' 2> /dev/null | tr '\000' ' ')
if [ "$value" != 'c c ' ]; then missing sed 'GNU sed'; fi
value=$(find /proc/self/exe -maxdepth 0 -type l -lname '*' -printf 'seen\n' 2> /dev/null)
if [ "$value" != seen ]; then missing find 'GNU findutils'; fi
value=$(printf '%s\0' 'a b' c | xargs -0 -n 750 -P 8 printf '%s+' 2> /dev/null)
if [ "$value" != 'a b+c+' ]; then missing xargs 'GNU findutils'; fi
value=$(printf '%s\0' -name x y | grep -zaHxEm 1 --line-buffered -A 1 -D skip --no-group-separator --label=p -e '-name' 2> /dev/null | tr '\000' ' ')
if [ "$value" != 'p:-name p-x ' ]; then missing grep 'GNU grep'; fi
if ! command -v modinfo > /dev/null 2>&1; then missing modinfo kmod; fi
case $(flock --version 2>&1) in *util-linux*) ;; *) missing flock util-linux ;; esac
if ! command -v setsid > /dev/null 2>&1; then missing setsid util-linux; fi
if ! command -v systemctl > /dev/null 2>&1 || [ ! -d /run/systemd/system ]; then missing systemctl 'systemd, as what starts the machine'; fi
