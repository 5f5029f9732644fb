// Starts Swagger UI.
SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    dom_id: "#docs",
    validatorUrl: null,  // the badge asks a server elsewhere
    persistAuthorization: false,  // a token is kept no longer than the page is open
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    deepLinking: true,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
});
