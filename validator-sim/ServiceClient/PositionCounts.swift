import Basics

/// What the service answered to a report of positions.
package struct PositionCounts: Sendable {
  package private(set) var accepted = 0
  package private(set) var duplicates = 0
  package private(set) var rejected = 0

  /// Reads the answer's JSON.
  package init(_ body: [UInt8]) throws {
    var reader = JSONReader(body)
    do {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "accepted": accepted = Int(try reader.int64())
        case "duplicates": duplicates = Int(try reader.int64())
        case "rejected":
          try reader.beginArray()
          while try reader.nextElement() {
            try reader.skipValue()
            rejected += 1
          }
        default: try reader.skipValue()
        }
      }
      try reader.finish()
    } catch {
      throw ServiceFault.unreadable(
        request: "POST /v1/positions", message: "\(error.pointer) \(error.message)")
    }
  }
}
