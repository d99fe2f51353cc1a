import PolyphonyPage
import PolyphonySupport

/// The page of a service: files in the program that show the models, a form to try them, and plots.
///
/// The files are the same for every service and hold nothing of it. A script asks the service for all that it shows.
enum ServicePage {
  /// A file.
  struct File: Sendable {
    let type: String
    let body: [UInt8]
    /// The mark by which a browser asks whether the file has changed (RFC 9110, section 8.8.3).
    let tag: String
  }

  private static let files: [String: File] = {
    var files: [String: File] = [:]
    var place = 0
    while let entry = polyphony_page_file_at(place)?.pointee {
      let name = String(cString: entry.name)
      let body = UnsafeRawBufferPointer(start: entry.bytes, count: entry.size)
      let type = types[name.split(separator: ".").last.map(String.init) ?? ""] ?? "application/octet-stream"
      files[name] = File(type: type, body: Array(body), tag: "\"\(FileHash.sha256(of: body).prefix(32))\"")
      place += 1
    }
    return files
  }()

  /// The number of files.
  static var fileCount: Int { files.count }

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]

  /// The policy for browsers. A browser loads the page's files from this service alone and asks no other one. No text
  /// can become markup or a script.
  private static let policy = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
    """

  /// The file at an address. It is nil for an address that is not the page's.
  static func file(_ path: [String]) -> File? {
    switch path.count {
    case 0: files["index.html"]
    case 2 where path[0] == "page" && path[1] != "index.html": files[path[1]]
    default: nil
    }
  }

  /// The answer to a request for a file. It has no body if the browser's copy is the same.
  static func answer(_ file: File, _ request: HTTPRequest) -> HTTPResponse {
    let known = (request.field("if-none-match") ?? "").split(separator: ",").map { part in
      String(part.drop { $0 == " " }.trimmingPrefix("W/")).replacing(" ", with: "")
    }
    let isKnown = known.contains(file.tag) || known == ["*"]
    let fields: [(name: String, value: String)] = [
      ("ETag", file.tag), ("Cache-Control", "no-cache"), ("Content-Security-Policy", policy),
      ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    return HTTPResponse(isKnown ? 304 : 200, type: file.type, body: isKnown ? [] : file.body, fields: fields)
  }
}
