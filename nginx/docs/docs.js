// Starts Swagger UI.
SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    dom_id: "#docs",
    validatorUrl: null,  // the badge would send a request to another server
    persistAuthorization: false,  // a token is forgotten when the page is closed
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    deepLinking: true,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
});
