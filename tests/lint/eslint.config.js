// The rules that ESLint applies to the JavaScript of Fettle; `make lint` passes the files to it.
"use strict";

const js = require("@eslint/js");

module.exports = [
    js.configs.recommended,
    {
        languageOptions: {
            sourceType: "script",
            globals: {document: "readonly", window: "readonly", SwaggerUIBundle: "readonly"},
        },
        linterOptions: {reportUnusedDisableDirectives: "error"},
        rules: {eqeqeq: "error", "no-var": "error", "prefer-const": "error"},
    },
    {files: ["**/eslint.config.js"], languageOptions: {sourceType: "commonjs"}},
];
