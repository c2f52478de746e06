// Written by ../build.mjs.
Alone {
    script: include_bytes!("alone.js.gz"),
    script_hash: "sha256-USPC4sVjysdTp9EU74JzzVkOmskvMdZ5KZqqv8QPQUg=",
    style: include_bytes!("alone.css.gz"),
    style_hash: "sha256-AxYLr2smsP5EOm38S4QccPV2pbFMbWlgxsKRHIj0Bg8=",
    far: include_bytes!("countries-110m.json.gz"),
    near: include_bytes!("countries-50m.json.gz"),
}
