# Notes who manages this machine, and whether nouveau ran before.
record "$1" "owner=$2" "nouveau=$3"
