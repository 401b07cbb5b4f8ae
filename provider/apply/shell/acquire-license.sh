# Makes nvidia-gridd read its settings and waits until the guest says that it is licensed.
may_start nvidia-gridd.service
systemctl restart nvidia-gridd.service >&2 || exit 1
licensed() { nvidia-smi -q 2>/dev/null | grep -q 'License Status[[:space:]]*: Licensed'; }
if until_true 1200 licensed; then record gridd state=done; exit; fi
nvidia-smi -q 2>/dev/null | grep -e 'License Status' -e 'Product Name' >&2
printf 'clock of the guest: %s\n' "$(date -u '+%Y-%m-%d %H:%M:%S UTC')" >&2
exit 1
