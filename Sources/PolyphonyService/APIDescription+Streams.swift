extension APIDescription {
  /// The addresses of streams.
  static let streamPaths = #"""
      /v2/models/{model}/streams:
        parameters: [{$ref: "#/components/parameters/model"}]
        get:
          summary: The streams in memory
          responses:
            "200":
              description: The streams
              content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Stream"}}}}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/streams/{stream}:
        parameters:
          - $ref: "#/components/parameters/model"
          - $ref: "#/components/parameters/stream"
          - $ref: "#/components/parameters/sequence"
        get:
          summary: What a stream has learned from
          responses:
            "200": {$ref: "#/components/responses/Stream"}
            "400": {$ref: "#/components/responses/Refused"}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}
      /v2/models/{model}/streams/{stream}/{command}:
        parameters:
          - $ref: "#/components/parameters/model"
          - $ref: "#/components/parameters/stream"
          - $ref: "#/components/parameters/sequence"
          - {name: command, in: path, required: true, schema: {type: string, enum: [COMMANDS]}}
        post:
          summary: >-
            Stop learning (pin) or go on (unpin), keep the present state (snapshot), return to the latest kept one
            (rollback), forget everything (reset), or write an adapter folder below --state (export)
          responses:
            "200": {$ref: "#/components/responses/Stream"}
            "400": {$ref: "#/components/responses/Refused"}
            "503": {$ref: "#/components/responses/Unavailable"}
            default: {$ref: "#/components/responses/Error"}

    """#.replacing("COMMANDS", with: ModelStreams.Command.allCases.map(\.rawValue).joined(separator: ", "))

  /// The form of a stream, the last one of all schemas.
  static let streamSchema = #"""
        Stream:
          type: object
          required: [id, samples, skipped, batches, returns, pinned, waiting, snapshots, drift]
          properties:
            id: {type: string}
            samples: {type: integer, description: Samples that the stream has learned from}
            skipped: {type: integer, description: Samples of requests that were too small to learn from}
            batches: {type: integer, description: Requests that the stream has tried to learn from}
            returns: {type: integer, description: Requests that the guard has refused}
            pinned: {type: boolean, description: True while the stream does not learn}
            waiting: {type: integer, description: Requests that the stream will learn from}
            snapshots: {type: integer, description: Earlier states for rollback}
            drift:
              type: object
              description: How far each modality has drifted, in standard deviations of the source
              additionalProperties: {type: number}
            shadow:
              type: object
              description: What adaptation would have said where the source has answered
              properties:
                samples: {type: integer}
                changed_labels: {type: integer}
                mean_difference: {type: number, description: The mean difference between the two predictions}
            adapter: {type: string, description: The folder of the adapter below --state}

    """#
}
