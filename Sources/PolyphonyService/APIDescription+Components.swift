extension APIDescription {
  /// Parameters, bodies and answers that several addresses have, and the schemas of all documents.
  static let components = #"""
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
        Refused:
          description: >-
            The request is malformed, the model cannot read it, or it names two streams. A schema cannot say which inputs a
            model has, or that the elements of a tensor fill its shape. The metadata of the model say it.
          content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
        Unavailable:
          description: The model is not loaded, another service has the stream, or the service is too busy or stops
          content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
        Error:
          description: The reason why there is no other answer
          content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
      schemas:
        Error: {type: object, required: [error], properties: {error: {type: string}}}
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
