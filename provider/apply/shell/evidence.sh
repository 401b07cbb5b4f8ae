# What the machine says of a failure: the end of its journals. Reads only.
for unit in "$@"; do
  timeout 10 journalctl -u "$unit" -b -n 8 --no-pager -o cat 2>/dev/null | while IFS= read -r value; do printf '%s: %s\n' "$unit" "$value"; done
done
timeout 10 dmesg 2>/dev/null | grep -e NVRM -e nouveau | tail -n 8
