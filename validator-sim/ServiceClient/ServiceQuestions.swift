package import Basics

/// A stop of a route's load as the service tells it; a count is nil when it is held back.
package struct ToldStopLoad: Sendable {
  package var stop = ""
  package var name: String?
  package var boardings: Int?
  package var alightings: Int?
  package var load: Int?
}

/// What the service tells about a route in a direction on a day.
package struct ToldRouteLoad: Sendable {
  package var stops: [ToldStopLoad] = []

  init(_ body: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(body)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard key == "stops" else {
        try reader.skipValue()
        continue
      }
      try reader.beginArray()
      while try reader.nextElement() { stops.append(try Self.stop(&reader)) }
    }
    try reader.finish()
  }

  private static func stop(_ reader: inout JSONReader) throws(JSONFault) -> ToldStopLoad {
    var told = ToldStopLoad()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "stop": told.stop = try reader.string()
      case "name": told.name = try reader.stringOrNil()
      case "boardings": told.boardings = try count(&reader)
      case "alightings": told.alightings = try count(&reader)
      case "load", "departure_load": told.load = try count(&reader)
      default: try reader.skipValue()
      }
    }
    return told
  }

  /// A number; a text such as `<5` stands for one that is held back.
  private static func count(_ reader: inout JSONReader) throws(JSONFault) -> Int? {
    if reader.next == .number { return Int(try reader.int64()) }
    try reader.skipValue()
    return nil
  }
}

/// A page of the service's validators.
private struct DevicePage {
  var active: [String] = []
  /// The last of them, when there are more.
  var next: String?

  init(_ body: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(body)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "devices":
        try reader.beginArray()
        while try reader.nextElement() { try readDevice(&reader) }
      case "next": next = try reader.stringOrNil()
      default: try reader.skipValue()
      }
    }
    try reader.finish()
  }

  private mutating func readDevice(_ reader: inout JSONReader) throws(JSONFault) {
    var name = ""
    var state = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "device": name = try reader.string()
      case "state": state = try reader.string()
      default: try reader.skipValue()
      }
    }
    if state == "active" { active.append(name) }
  }
}

/// The questions that the simulators ask the service afterwards.
extension ServiceClient {
  /// A page of what became of a device's taps with numbers past another, as lines of JSON.
  package func auditPage(device: String, epoch: Int64, after seq: Int64) async throws -> [UInt8] {
    let path = "/v1/audit/taps?device=\(Self.queryText(device))&epoch=\(epoch)"
    return try await administer("GET", path + (seq > 0 ? "&after=\(seq)" : "")).body
  }

  /// The names of all validators in service, page after page.
  package func activeDevices() async throws -> [String] {
    var active: [String] = []
    var after: String?
    repeat {
      let path = "/v1/devices" + (after.map { "?after=\(Self.queryText($0))" } ?? "")
      let page: DevicePage
      do {
        page = try DevicePage(try await administer("GET", path).body)
      } catch let fault as JSONFault {
        throw ServiceFault.unreadable(
          request: "GET \(path)", message: "\(fault.pointer) \(fault.message)")
      }
      active += page.active
      after = page.next
    } while after != nil
    return active
  }

  /// The load of a route; nil when the service knows no such route.
  package func routeLoad(
    route: String, day: Day, direction: Int
  ) async throws -> ToldRouteLoad? {
    let path =
      "/v1/ridership/route-load?route=\(Self.queryText(route))&date=\(day)&direction=\(direction)"
    let answer = try await administer("GET", path, expecting: [200, 404])
    guard answer.status == 200 else { return nil }
    do {
      return try ToldRouteLoad(answer.body)
    } catch {
      throw ServiceFault.unreadable(
        request: "GET \(path)", message: "\(error.pointer) \(error.message)")
    }
  }

  /// The body of a report or another question, as JSON text; nil when the service does not have it.
  package func json(_ path: String) async throws -> String? {
    let answer = try await administer("GET", path, expecting: [200, 404])
    return answer.status == 200 ? answer.text : nil
  }

  /// A text as a value of a query.
  package static func queryText(_ text: String) -> String {
    text.utf8.reduce(into: "") { encoded, byte in
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 95, 126:
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default: encoded += "%" + hexText([byte]).uppercased()
      }
    }
  }
}
