/// The description of the service's addresses in the form of OpenAPI 3.
enum APIDescription {
  /// The description for a service with some models.
  static func text(models: [String]) -> String {
    (paths + streamPaths + components + streamSchema)
      .replacing("MODELS", with: models.map { "\"\($0)\"" }.joined(separator: ", "))
      .replacing("VERSIONS", with: "\"\(ServedModel.version)\"")
  }

  private static let paths = #"""
    openapi: 3.0.3
    info:
      title: Polyphony's predictions
      version: "2"
      description: >-
        The Open Inference Protocol, version 2, with Triton's binary tensors and model repository. A modality that a
        request leaves out is missing.
    security: [{}, {token: []}]
    paths:
      /:
        get:
          summary: A page with the models, a form to try them, and plots of their use
          security: [{}]
          responses:
            "200": {description: The page, content: {text/html: {schema: {type: string}}}}
            "304": {description: The page that the browser has is the current one}
            default: {$ref: "#/components/responses/Error"}
      /v2:
        get:
          summary: The server's name, version and extensions
          responses:
            "200": {description: The server, content: {application/json: {schema: {$ref: "#/components/schemas/Server"}}}}
            default: {$ref: "#/components/responses/Error"}
      /v2/health/live:
        get:
          summary: Whether the server answers
          security: [{}]
          responses:
            "200":
              description: It does
              content: {application/json: {schema: {type: object, required: [live], properties: {live: {type: boolean}}}}}
            default: {$ref: "#/components/responses/Error"}
      /v2/health/ready:
        get:
          summary: Whether all models are loaded
          security: [{}]
          responses:
            "200": {$ref: "#/components/responses/Ready"}
            "503": {$ref: "#/components/responses/Ready"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}:
        parameters: [{$ref: "#/components/parameters/model"}]
        get:
          summary: The inputs and outputs of a model
          responses:
            "200": {$ref: "#/components/responses/Model"}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/versions/{version}:
        parameters: [{$ref: "#/components/parameters/model"}, {$ref: "#/components/parameters/version"}]
        get:
          summary: The inputs and outputs of a model
          responses:
            "200": {$ref: "#/components/responses/Model"}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/ready:
        parameters: [{$ref: "#/components/parameters/model"}]
        get:
          summary: Whether a model is loaded
          responses:
            "200": {$ref: "#/components/responses/ModelReady"}
            "503": {$ref: "#/components/responses/ModelReady"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/config:
        parameters: [{$ref: "#/components/parameters/model"}]
        get:
          summary: A model's configuration in Triton's form
          responses:
            "200":
              description: The configuration
              content:
                application/json:
                  schema:
                    type: object
                    required: [name, platform, max_batch_size, input, output]
                    properties:
                      name: {type: string}
                      platform: {type: string}
                      max_batch_size: {type: integer}
                      input: {type: array, items: {type: object}}
                      output: {type: array, items: {type: object}}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/example:
        parameters: [{$ref: "#/components/parameters/model"}]
        get:
          summary: A request with one sample of random numbers that the model can read
          responses:
            "200":
              description: The request
              content: {application/json: {schema: {$ref: "#/components/schemas/InferenceRequest"}}}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/infer:
        parameters: [{$ref: "#/components/parameters/model"}, {$ref: "#/components/parameters/sequence"}]
        post:
          summary: Predictions for some samples
          requestBody: {$ref: "#/components/requestBodies/Inference"}
          responses:
            "200": {$ref: "#/components/responses/Inference"}
            "400": {$ref: "#/components/responses/Refused"}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/versions/{version}/infer:
        parameters: [{$ref: "#/components/parameters/model"}, {$ref: "#/components/parameters/version"}, {$ref: "#/components/parameters/sequence"}]
        post:
          summary: Predictions for some samples
          requestBody: {$ref: "#/components/requestBodies/Inference"}
          responses:
            "200": {$ref: "#/components/responses/Inference"}
            "400": {$ref: "#/components/responses/Refused"}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/repository/index:
        post:
          summary: All models and their states
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {ready: {type: boolean, default: false}}}
          responses:
            "200":
              description: The models
              content:
                application/json:
                  schema:
                    type: array
                    items:
                      type: object
                      required: [name, version, state, reason]
                      properties:
                        name: {type: string}
                        version: {type: string}
                        state: {type: string, enum: [READY, UNAVAILABLE]}
                        reason: {type: string}
            default: {$ref: "#/components/responses/Error"}
      /v2/repository/models/{model}/load:
        parameters: [{$ref: "#/components/parameters/model"}]
        post:
          summary: Read a model's folder, again if it is loaded
          requestBody: {$ref: "#/components/requestBodies/Repository"}
          responses:
            "200": {$ref: "#/components/responses/Done"}
            default: {$ref: "#/components/responses/Error"}
      /v2/repository/models/{model}/unload:
        parameters: [{$ref: "#/components/parameters/model"}]
        post:
          summary: Take a model out of service
          requestBody: {$ref: "#/components/requestBodies/Repository"}
          responses:
            "200": {$ref: "#/components/responses/Done"}
            default: {$ref: "#/components/responses/Error"}
      /metrics:
        get:
          summary: Metrics in the text form of Prometheus
          responses:
            "200": {description: The metrics, content: {text/plain: {schema: {type: string}}}}
            default: {$ref: "#/components/responses/Error"}
      /openapi.yaml:
        get:
          summary: This description
          responses:
            "200": {description: The description, content: {application/yaml: {}}}
            default: {$ref: "#/components/responses/Error"}

    """#
}
