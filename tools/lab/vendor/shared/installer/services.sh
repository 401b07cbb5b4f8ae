# Units of systemd: enabled by the installation, started by the next boot or by hand.
put_services() {
  [ -n "$units" ] && command -v systemctl > /dev/null 2>&1 || return 0
  quietly systemctl daemon-reload
  for unit in $units; do quietly systemctl enable "$unit"; done
  return 0
}

take_services_away() {
  [ -n "$units" ] && command -v systemctl > /dev/null 2>&1 || return 0
  for unit in $units; do
    quietly systemctl stop "$unit"
    quietly systemctl disable "$unit"
  done
  return 0
}
