# Runs a PostgreSQL server for as long as a test wants it:
#     sh -c '(this text)' sh FOLDER PROGRAM ARGUMENT...
#
# A line on standard input is the signal that ends the server. The end of the input without a line
# says that nobody wants the server any more, perhaps because the test has died: the folder goes
# too. The kernel closes a dead process's pipes, so this works however the test ends.
folder=$1
shift
"$@" </dev/null &
server=$!
# From here on only the server and its children hold standard output: its end says that they are
# all gone.
exec >/dev/null
read -r signal
others=
memory=
if [ "$signal" = KILL ]; then
    # A crash takes every process at once. Where there is no such file, the others end when they
    # notice that the first is gone.
    others=$(cat "/proc/$server/task/$server/children" 2>/dev/null)
    # A killed server leaves a block of System V shared memory; line 7 has its key and its id.
    memory=$(sed -n '7s/.* //p' "$folder/data/postmaster.pid")
fi
kill -s "${signal:-QUIT}" "$server" $others
wait "$server"
[ -z "$memory" ] || ipcrm -m "$memory"
[ -n "$signal" ] || rm -rf "$folder"
