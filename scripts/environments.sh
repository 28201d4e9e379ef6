# Sourced: environments besides .venv, for other Pythons and JupyterLabs. Each is kept in the user's cache folder, under
# a name and the state of what it is made of; an older one of the same name is dropped.
environments=${XDG_CACHE_HOME:-$HOME/.cache}/kfjlab/versions
uv=$PWD/.venv/bin/uv

# environment NAME PYTHON KEY: makes the environment NAME-… where it is not there; sets $env, and $fresh when it has to be filled
environment() {
  local old key
  key=$({ "$2" -VV && echo "$3"; } | cksum | cut -d' ' -f1)
  env=$environments/$1-$key fresh=
  if [ ! -e "$env/complete" ]; then
    fresh=yes
    mkdir -p "$environments"
    for old in "$environments/$1"-*; do
      [ ! -e "$old" ] || rm -rf "$old"
    done
    "$uv" venv --quiet --python "$2" "$env"
  fi
}

# filled: the environment has what it is made of
filled() {
  touch "$env/complete"
}

install() {
  "$uv" pip install --quiet --python "$env/bin/python" "$@"
}
