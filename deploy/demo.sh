#!/usr/bin/env bash
# usage: deploy/demo.sh [FOLDER]          (run by `make run`; FOLDER is ./var/demo)
# The whole way of a package, on an archive of its own. Every command is printed before it runs, and its exit code is
# compared with the one that belongs there. EDM_DEMO_KEEP=1 goes on with the archive of the last run, not a fresh one.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/deploy

demo=${1:-var/demo}
uuid='[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

# Nothing of another archive on this machine may reach into the demo.
for name in $(compgen -e | grep '^EDM_ARCHIVE_' || true); do unset "$name"; done
export EDM_ARCHIVE_HOME=$demo/archive EDM_ARCHIVE_KEY_FILE=$demo/key

heading() { printf '\n── %s\n' "$*"; }

# typed COMMAND...: the line that, typed into a shell, is this command; quotes where they are needed and nowhere else.
typed() {
  local word line=
  for word; do
    if [[ $word == *[!A-Za-z0-9_.,:/=@%+^-]* || -z $word ]]; then word=${word@Q}; fi
    line+="${line:+ }$word"
  done
  printf '%s' "$line"
}

# expect CODE COMMAND...: show the command, run it, and stop the demo if it ends with another code.
expect() {
  local wanted=$1 got=0
  shift
  printf '\n$ %s\n' "$(typed "$@")"
  "$@" || got=$?
  [ "$got" -eq "$wanted" ] || { printf 'demo: exit code %s where %s was expected\n' "$got" "$wanted" >&2; exit 1; }
}

# field NAME FILE: the first text under that name in a JSON answer.
field() { sed -n 's/^ *"'"$1"'": "\(.*\)",\{0,1\}$/\1/p' "$2" | head -n 1; }

# account NAME CODE: somebody accepts an invitation, with a password and a second factor, and signs in. A session is
# kept in $demo/session-NAME; whoever speaks is chosen by `as NAME`.
as() { export EDM_ARCHIVE_SESSION_FILE=$demo/session-$1; }
account() {
  as "$1"
  (umask 077; head -c 18 /dev/urandom | base64 >"$demo/password-$1")
  printf '%s\n%s\n' "$2" "$(cat "$demo/password-$1")" |
    edm-archive user accept "$1" --given-name "$3" --surname "$4" --no-confirm --json >"$demo/account-$1.json"
  chmod 600 "$demo/account-$1.json"
  code=$(python "$here/authenticator.py" "$(field otpauth "$demo/account-$1.json")")
  printf '%s\n%s\n' "$(cat "$demo/password-$1")" "$code" | expect 0 edm-archive user sign-in "$1"
}

# first PATTERN FILE...: the first text that matches, or the demo stops.
first() { grep --no-filename --only-matching --extended-regexp --max-count=1 "$@" | head -n 1; }

if [ "${EDM_DEMO_KEEP:-0}" != 1 ]; then rm -rf "$demo"; fi
mkdir -p "$demo"

heading "An archive of its own, with its keys"
if [ ! -e "$EDM_ARCHIVE_HOME/archive.json" ]; then
  expect 0 edm-archive init --key-file "$EDM_ARCHIVE_KEY_FILE" | tee "$demo/init.txt"
  heading "The first administrator accepts the invitation; a telephone for the codes is played by deploy/authenticator.py"
  account admin "$(first '([A-Z2-9]{4}-){7}[A-Z2-9]{4}' "$demo/init.txt")" Ewa Lis
fi

heading "What a closing provider hands over: one package whole, one damaged on purpose"
[ -d "$demo/package" ] || expect 0 edm-archive sample "$demo/package"
[ -d "$demo/damaged" ] || expect 0 edm-archive sample "$demo/damaged" --damage --seed 2

heading "The takeover: the whole package is accepted, the damaged one with exceptions (exit code 3)"
expect 0 edm-archive takeover receive "$demo/package" | tee "$demo/receive.txt"
taken=$(first "$uuid" "$demo/receive.txt")
expect 3 edm-archive takeover receive "$demo/damaged" | tee "$demo/receive-damaged.txt"
damaged=$(first "$uuid" "$demo/receive-damaged.txt")
expect 0 edm-archive takeover list

heading "What became of the damaged package: the balance is for everybody, names of files for a purpose alone (exit code 2)"
expect 0 edm-archive takeover statement "$damaged"
expect 2 edm-archive takeover protocol "$damaged"

heading "Is the archive whole? Everything is opened and compared with the log"
expect 0 edm-archive verify --level opened

heading "The successor named in the package has it in custody; one of its doctors gets an account"
as admin
expect 0 edm-archive custody show "$taken"
edm-archive custody show "$taken" --json >"$demo/custody.json"
if [ ! -e "$demo/session-doctor" ]; then
  as admin
  edm-archive user invite --kind medical-worker --given-name Jan --surname Lekarski --role lekarz --npwz 5425740 \
    --identifier 2.16.840.1.113883.3.4424.1.6.2:5425740 --organisation "$(field name "$demo/custody.json" | tr -d '\\"')" \
    --organisation-id "$(field root "$demo/custody.json"):$(field extension "$demo/custody.json")" \
    --json >"$demo/invitation.json"
  account doctor "$(field code "$demo/invitation.json")" Jan Lekarski
fi
as doctor

heading "The damaged package goes into the same custody, and its signed protocol names every exception"
as admin
successor=$(field name "$demo/custody.json" | tr -d '\\"')
number="$(field root "$demo/custody.json")^$(field extension "$demo/custody.json")"
expect 0 edm-archive custody give "$damaged" --name "$successor" --custodian "$number"
as doctor
expect 0 edm-archive takeover protocol "$damaged" --purpose custody --html "$demo/protocol.html"

heading "Years later: somebody asks for a patient's documents. Nothing is shown without a purpose"
pesel=$(sed -n 2p "$demo/package/metadata/patients.csv" | cut -d, -f2)
expect 0 edm-archive search --purpose treatment --patient-id "$pesel"
edm-archive search --purpose treatment --patient-id "$pesel" --json >"$demo/search.json"
what=$(first "$uuid/[0-9]+" "$demo/search.json")

heading "An administrator has the keys of the house and may not read in it (exit code 10)"
as admin
expect 10 edm-archive get "$what" "$demo/refused" --purpose maintenance

heading "The doctor may: one document, bit for bit, with a proof that anybody can check without the archive"
as doctor
rm -rf "$demo/out"
expect 0 edm-archive get "$what" "$demo/out" --purpose treatment

heading "Both attempts have their accounts, and no bytes were opened without one"
as admin
expect 0 edm-archive audit search --purpose treatment
expect 0 edm-archive audit search --outcome refused
expect 0 edm-archive audit completeness

heading "The document, its proof, and a machine that knows nothing but the archive's public key"
file=$(find "$demo/out" -type f ! -name '*.tlog-proof' | sort | head -n 1)
proof=$(find "$demo/out" -type f -name '*.tlog-proof' | sort | head -n 1)
key=$(realpath "$EDM_ARCHIVE_HOME/log.pub")
(
  unset EDM_ARCHIVE_HOME EDM_ARCHIVE_KEY_FILE
  expect 0 edm-archive proof check "$file" "$proof" --key-file "$key"
  heading "One changed byte, and the proof does not hold (exit code 5)"
  cp "$file" "$demo/changed"
  printf 'x' >>"$demo/changed"
  expect 5 edm-archive proof check "$demo/changed" "$proof" --key-file "$key"
)

heading "Served over HTTP: three requests of the doctor's, whom the session's token names"
"$here/debian.sh" curl
port=$(python -c 'import socket
for port in (8042, 0):
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(tried.getsockname()[1])
        break')
export EDM_ARCHIVE_HTTP_LISTEN=127.0.0.1:$port
url=http://$EDM_ARCHIVE_HTTP_LISTEN
printf '\n$ edm-archive serve\n'
edm-archive serve >"$demo/serve.txt" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  if grep -q "$url" "$demo/serve.txt" || ! kill -0 "$server" 2>/dev/null; then break; fi
  sleep 0.1
done
cat "$demo/serve.txt"
# The token goes in a file that only its owner reads, and so into no list of processes.
(umask 077; printf 'header = "Authorization: Bearer %s"\nheader = "EDM-Purpose: treatment"\n' "$(cat "$demo/session-doctor")" >"$demo/curl")
asked=(
  "curl --silent --fail --config $demo/curl --output $demo/over-http $url/v1/holdings/$what"
  "curl --silent --fail --config $demo/curl $url/dicomweb/studies?limit=1"
  "curl --silent --fail --config $demo/curl $url/fhir/DocumentReference?_count=1&_format=json"
)
for line in "${asked[@]}"; do
  # shellcheck disable=SC2086  a command and its words
  expect 0 $line
  echo
done
expect 0 cmp "$file" "$demo/over-http"

heading "All of it is in $demo; go on with"
printf '\n  export EDM_ARCHIVE_HOME=%s EDM_ARCHIVE_KEY_FILE=%s\n' "$(realpath "$EDM_ARCHIVE_HOME")" "$(realpath "$EDM_ARCHIVE_KEY_FILE")"
printf '  .venv/bin/edm-archive --help\n'
if [ -t 0 ] && [ -t 1 ]; then
  heading "The archive is served at $url until Ctrl-C; these lines work in another terminal, here in $PWD"
  printf '\n'
  for line in "${asked[@]}"; do printf '  %s\n' "${line/ $url/ \'$url}'"; done
  trap - INT
  wait "$server"
fi
