window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  layout: 'BaseLayout',
  presets: [window.SwaggerUIBundle.presets.apis],
});
