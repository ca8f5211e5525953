#!/bin/sh
# Looks for the font of rare characters (Hanazono, extensions B to F), else installs the distribution's package when this
# may be done without asking. Nothing depends on it: without it such characters print as a box, and the form says so
# during typing. Only where CI is set is a missing font an error: its tests must not be skipped there.
#
# A try that failed is not repeated for a day: a machine without a network shall start as quickly as any other.
set -u

TRIED="${1:-.venv}/.fonts-tried"

font() {
    for file in \
        /usr/share/fonts/truetype/hanazono/HanaMinB.ttf \
        /usr/share/fonts/hanazono/HanaMinB.ttf \
        /usr/share/fonts/hanazono-fonts/HanaMinB.ttf \
        /usr/share/fonts/TTF/HanaMinB.ttf; do
        [ -f "$file" ] && return 0
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

install() {
    if command -v apt-get >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        as_root timeout 60 apt-get update -q
        as_root timeout 180 apt-get install -q -y --no-install-recommends fonts-hanazono
    elif command -v dnf >/dev/null 2>&1; then
        as_root timeout 180 dnf install -q -y hanazono-fonts
    elif command -v pacman >/dev/null 2>&1; then
        as_root timeout 180 pacman -S --noconfirm --needed ttf-hanazono
    fi
}

font && exit 0
[ -z "${CI:-}" ] && [ -n "$(find "$TRIED" -mmin -1440 2>/dev/null)" ] && exit 0
if may_install; then
    # Of two set-ups at once, the second waits and finds it installed.
    command -v flock >/dev/null && exec 9<"$(dirname "$0")/ensure_chromium.sh" && flock 9
    font && exit 0
    echo "Installing the font of rare characters (once; optional) ..."
    install >/dev/null 2>&1
    font && exit 0
fi
echo "No font for the rarest characters (Debian: fonts-hanazono); they will print as a box. flask doctor says so, too." >&2
[ -n "${CI:-}" ] && exit 1
touch "$TRIED" 2>/dev/null
exit 0
