#!/bin/bash
# Manual pages and completion name every command and every option.
. "$(dirname "$0")/../lib.sh"
. "$top/etc/completions/sallyport.bash"

page=$(sed 's/\\-/-/g' "$top/etc/man/sallyport.1")
commands=0
missing=
incomplete=
while read -r noun name; do
	commands=$((commands + 1))
	command="$noun${name:+ $name}"
	grep -qE "Cm $command( |\$)" <<<"$page" || missing="$missing $command"
	for option in $(sallyport $command --help |
	    sed -nE 's/^  (-[a-z], )?--([a-z-]+).*/\2/p'); do
		grep -qE "Fl -$option( |\$)" <<<"$page" ||
		    missing="$missing $command--$option"
		grep -qw -- "--$option" <<<"$(_sallyport_options "$command")" ||
		    incomplete="$incomplete $command--$option"
	done
	grep -qw "$noun" <<<"$(_sallyport_nouns '')" ||
	    incomplete="$incomplete $noun"
	[ -z "$name" ] || grep -qw "$name" <<<"$(_sallyport_nouns "$noun")" ||
	    incomplete="$incomplete $command"
done < <(sallyport help | sed -nE 's/^  ([a-z]+( [a-z]+)?) +[a-zA-Z].*/\1/p')
[ "$commands" -ge 19 ]
ok $? "all commands are looked at ($commands)"
is "$missing" "" "sallyport(1) names every command and option"
is "$incomplete" "" "so does the completion for bash"

page=$(cat "$top/etc/man/sallyportd.8")
missing=
for option in $(sallyportd --help | sed -nE 's/^  --([a-z-]+).*/\1/p'); do
	grep -qE "Fl -$option( |\$)" <<<"$page" || missing="$missing $option"
done
is "$missing" "" "sallyportd(8) names every option"

COMP_WORDS=(sallyport run --out)
COMP_CWORD=2
_sallyport
is "${COMPREPLY[*]}" --output-format "an option is completed"
COMP_WORDS=(sallyport sandbox ex)
_sallyport
is "${COMPREPLY[*]}" exec "a subcommand is completed"
