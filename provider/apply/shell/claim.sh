# Notes who manages this machine, whether nouveau ran before, and which stacks managed it that were renamed.
if [ -n "${4:-}" ]; then record "$1" "owner=$2" "nouveau=$3" "former=$4"; else record "$1" "owner=$2" "nouveau=$3"; fi
