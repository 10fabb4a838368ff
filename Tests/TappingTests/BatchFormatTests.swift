import Tapping
import Testing

@Suite struct BatchFormatTests {
  @Test func theJournalsWordsAreFixed() {
    let words = ["json", "json+gzip", "protobuf", "protobuf+gzip"]
    #expect(BatchFormat.allCases.map(\.rawValue) == words)
    for word in words { #expect(BatchFormat(rawValue: word)?.rawValue == word) }
    #expect(BatchFormat(rawValue: "gzip") == nil)
  }

  @Test(
    arguments: [
      (nil, nil, "json"), ("application/json", nil, "json"),
      ("application/json; charset=utf-8", "identity", "json"),
      ("Application/X-Protobuf", "gzip", "protobuf+gzip"),
      ("application/protobuf ;x=y", "GZIP", "protobuf+gzip"),
      ("text/json", "x-gzip", "json+gzip"),
    ] as [(String?, String?, String)])
  func headersNameTheFormat(_ type: String?, _ encoding: String?, _ word: String) throws {
    #expect(try BatchFormat(contentType: type, contentEncoding: encoding).rawValue == word)
  }

  @Test(arguments: ["", "text/plain", "application/json+x", "application/octet-stream", "json"])
  func otherTypesAreRefused(_ type: String) {
    #expect(throws: BatchFormatFault.contentType) {
      try BatchFormat(contentType: type, contentEncoding: nil)
    }
  }

  @Test(arguments: ["br", "deflate", "gzip, gzip", "gzip;q=1"])
  func otherEncodingsAreRefused(_ encoding: String) {
    #expect(throws: BatchFormatFault.contentEncoding) {
      try BatchFormat(contentType: nil, contentEncoding: encoding)
    }
  }

  @Test(
    arguments: [
      (nil, "protobuf"), ("*/*", "protobuf"), ("application/json", "json"),
      ("application/x-protobuf;q=0.4, application/json", "json"),
      ("application/x-protobuf, application/json;q=0.9", "protobuf"),
      ("application/json;q=0, application/x-protobuf;q=0.1", "protobuf"),
      ("application/json;q=zero", "protobuf"), ("text/html", "protobuf"), (";;,,;q=", "protobuf"),
    ] as [(String?, String)])
  func acceptDecidesAboutTheAnswer(_ accept: String?, _ encoding: String) {
    #expect(BatchEncoding.preferred(accept: accept, otherwise: .protobuf).rawValue == encoding)
  }
}
