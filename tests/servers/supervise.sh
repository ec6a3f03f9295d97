# Runs a server for as long as somebody holds the other end of its standard input, however that
# one ends, and removes the server's folder afterwards.
#
#   sh supervise.sh FOLDER SIGNAL COMMAND...
folder=$1 signal=$2
shift 2
exec 3<&0
"$@" </dev/null >"$folder/log" 2>&1 3<&- &
server=$!
{
    cat <&3 >/dev/null
    if [ ! -e "$folder/ended" ]; then
        kill -s "$signal" $server
        tries=0
        while kill -0 $server && [ $tries -lt 50 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
        kill -KILL $server
    fi
} 2>/dev/null &
watcher=$!
exec 3<&-
wait $server
echo $? >"$folder/ended"
wait $watcher
while read -r _ path _; do
    case $path in "$folder"/*) umount -l "$path" ;; esac
done </proc/mounts
rm -rf "$folder"
