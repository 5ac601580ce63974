# shellcheck shell=bash
# Words that the scripts of the house share.  Sourced, never run.

# Messages go to standard error: standard output belongs to the command that
# a session runs.
say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

# PostgreSQL refuses to run as root: print the user that a server runs as
# then, or nothing when it can run as the one who calls.
server_user()
{
	local user

	[[ $(id -u) = 0 ]] || return 0
	for user in ${ASYNCDEMO_USER:-postgres nobody}
	do
		if id -u "$user" >/dev/null 2>&1
		then
			printf '%s\n' "$user"
			return
		fi
	done
	die "a server cannot run as root, and there is no user" \
		"\"${ASYNCDEMO_USER:-postgres}\"; name one with ASYNCDEMO_USER=NAME"
}

# Sets the array "as_user" to the words that run a command as that user.
# shellcheck disable=SC2034  # used where this file is sourced
set_as_user()
{
	local user=$1

	as_user=()
	[[ -z $user ]] || as_user=(setpriv "--reuid=$user"
		"--regid=$(id -g "$user")" --init-groups --)
}

# Print a folder that can be written, as "build" in the checkout or as BUILD
# says; fail, printing nothing, if there is none.
build_folder()
{
	local folder=${BUILD:-$1/build}

	if mkdir -p "$folder" 2>/dev/null && [[ -w $folder ]]
	then
		(cd "$folder" && pwd)
	else
		return 1
	fi
}

# Print the processes that were started with a session's name in their
# environment: its command and all that came from it.
session_commands()
{
	[[ ! -d /proc/self ]] ||
		grep -lszxF -e "ASYNCDEMO_SESSION=$1" /proc/[0-9]*/environ |
		cut -d / -f 3
}
