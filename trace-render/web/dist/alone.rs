// Written by ../build.mjs.
Alone {
    script: include_bytes!("alone.js.gz"),
    script_hash: "sha256-d3JYELxw/65ODem872pGw2786YHbYu+H5cpCXIbV078=",
    style: include_bytes!("alone.css.gz"),
    style_hash: "sha256-a/aQrbRFtUJ36v6i9P3NhkGXkH4V5fuT9/oPMM6eHGo=",
    far: include_bytes!("countries-110m.json.gz"),
    near: include_bytes!("countries-50m.json.gz"),
}
