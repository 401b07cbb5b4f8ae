# Waits until no given service is starting any more.
settled() { for unit in $units; do case $(systemctl is-active "$unit" 2>/dev/null) in activating|reloading) return 1 ;; esac; done; }
units=$*
until_true 1200 settled || { echo "still starting after 120 s: $units" >&2; exit 1; }
