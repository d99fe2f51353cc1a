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
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/versions/{version}:
        parameters: [{$ref: "#/components/parameters/model"}, {$ref: "#/components/parameters/version"}]
        get:
          summary: The inputs and outputs of a model
          responses:
            "200": {$ref: "#/components/responses/Model"}
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
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/example:
        parameters: [{$ref: "#/components/parameters/model"}]
        get:
          summary: A request with one sample of random numbers that the model can read
          responses:
            "200":
              description: The request
              content: {application/json: {schema: {$ref: "#/components/schemas/InferenceRequest"}}}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/infer:
        parameters: [{$ref: "#/components/parameters/model"}, {$ref: "#/components/parameters/sequence"}]
        post:
          summary: Predictions for some samples
          requestBody: {$ref: "#/components/requestBodies/Inference"}
          responses:
            "200": {$ref: "#/components/responses/Inference"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/versions/{version}/infer:
        parameters: [{$ref: "#/components/parameters/model"}, {$ref: "#/components/parameters/version"}, {$ref: "#/components/parameters/sequence"}]
        post:
          summary: Predictions for some samples
          requestBody: {$ref: "#/components/requestBodies/Inference"}
          responses:
            "200": {$ref: "#/components/responses/Inference"}
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

  private static let components = #"""
    components:
      securitySchemes:
        token: {type: http, scheme: bearer, description: Needed where the service was started with --token-file}
      parameters:
        model: {name: model, in: path, required: true, schema: {type: string, enum: [MODELS]}}
        sequence:
          name: X-Sequence-Id
          in: header
          description: The parameter sequence_id for load balancers, with percent signs as in an address
          schema: {type: string}
        stream: {name: stream, in: path, required: true, schema: {type: string, minLength: 1, maxLength: 256}}
        version: {name: version, in: path, required: true, schema: {type: string, enum: [VERSIONS]}}
      headers:
        Sequence: {description: The stream of the request, required: false, schema: {type: string}}
      requestBodies:
        Inference:
          required: true
          content:
            application/json: {schema: {$ref: "#/components/schemas/InferenceRequest"}}
        Repository:
          content:
            application/json:
              schema:
                type: object
                properties:
                  parameters:
                    type: object
                    additionalProperties: false
                    properties: {unload_dependents: {type: boolean}}
      responses:
        Done: {description: Done, content: {application/json: {schema: {type: object}}}}
        Ready:
          description: Whether the server takes requests
          content: {application/json: {schema: {type: object, required: [ready], properties: {ready: {type: boolean}}}}}
        ModelReady:
          description: Whether the model takes requests
          content:
            application/json:
              schema:
                type: object
                required: [name, ready]
                properties: {name: {type: string}, ready: {type: boolean}}
        Stream:
          description: The stream
          headers: {X-Sequence-Id: {$ref: "#/components/headers/Sequence"}}
          content: {application/json: {schema: {$ref: "#/components/schemas/Stream"}}}
        Model: {description: The model, content: {application/json: {schema: {$ref: "#/components/schemas/Model"}}}}
        Inference:
          description: The outputs
          headers: {X-Sequence-Id: {$ref: "#/components/headers/Sequence"}}
          content: {application/json: {schema: {$ref: "#/components/schemas/InferenceResponse"}}}
        Error:
          description: The reason why there is no other answer
          content: {application/json: {schema: {type: object, required: [error], properties: {error: {type: string}}}}}
      schemas:
        Server:
          type: object
          required: [name, version, extensions]
          properties:
            name: {type: string}
            version: {type: string}
            extensions: {type: array, items: {type: string}}
        Model:
          type: object
          required: [name, versions, platform, inputs, outputs]
          properties:
            name: {type: string}
            versions: {type: array, items: {type: string}}
            platform: {type: string}
            inputs: {type: array, items: {$ref: "#/components/schemas/Tensor"}}
            outputs: {type: array, items: {$ref: "#/components/schemas/Tensor"}}
            parameters:
              type: object
              required: [task, architecture]
              properties: {task: {type: string}, architecture: {type: string}, adapter: {type: string}}
        Tensor:
          type: object
          required: [name, datatype, shape]
          properties:
            name: {type: string}
            datatype: {$ref: "#/components/schemas/Datatype"}
            shape: {type: array, items: {type: integer}}
            parameters:
              type: object
              properties:
                optional: {type: boolean}
                kind: {type: string, description: The kind of the modality}
                steps: {type: integer, description: The most steps of a sample}
                raw:
                  type: object
                  description: The raw inputs that the model takes under the same name in place of numbers
                  required: [datatype, shape, content]
                  properties:
                    datatype: {$ref: "#/components/schemas/Datatype"}
                    shape: {type: array, items: {type: integer}}
                    content: {type: string, enum: [text, image, audio, video]}
                names: {type: array, items: {type: string}, description: The names of classes, labels or targets}
        Datatype:
          type: string
          enum: [BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BF16, BYTES]
        InferenceRequest:
          type: object
          required: [inputs]
          properties:
            id: {type: string, maxLength: 256}
            parameters:
              type: object
              properties:
                binary_data_output: {type: boolean}
                sequence_id:
                  description: The stream that the samples belong to, where the service was started with --adapt
                  oneOf: [{type: integer, minimum: 0}, {type: string, maxLength: 256}]
                sequence_start: {type: boolean, description: Forget what the stream has learned before this request}
                sequence_end: {type: boolean, description: Forget the stream after this request}
                shadow:
                  type: boolean
                  description: Answer without adaptation, with what it would have said in outputs named adapted_
            inputs:
              type: array
              minItems: 1
              maxItems: 256
              items:
                type: object
                required: [name, datatype, shape, data]
                properties:
                  name: {type: string, minLength: 1}
                  datatype: {$ref: "#/components/schemas/Datatype"}
                  shape: {type: array, minItems: 1, maxItems: 8, items: {type: integer, minimum: 1}}
                  parameters:
                    type: object
                    properties:
                      content_type:
                        type: string
                        description: For raw inputs other than texts, base64 says that JSON holds them in that form
                  data: {type: array, items: {}}
            outputs:
              type: array
              items:
                type: object
                required: [name]
                properties: {name: {type: string}, parameters: {type: object}}
        InferenceResponse:
          type: object
          required: [model_name, outputs]
          properties:
            model_name: {type: string}
            model_version: {type: string}
            id: {type: string}
            parameters: {type: object}
            outputs:
              type: array
              items:
                type: object
                required: [name, datatype, shape]
                properties:
                  name: {type: string}
                  datatype: {$ref: "#/components/schemas/Datatype"}
                  shape: {type: array, items: {type: integer}}
                  data: {type: array, items: {}}

    """#
}
