import Basics

/// What the service says it has of devices.
package enum DeviceTotals {
  /// Taps stored of the given devices, from the pages of `GET /v1/devices`; nil without that list.
  package static func tapsStored(
    devices: Set<String>, with client: ServiceClient
  ) async throws -> Int? {
    var total = 0
    var after = ""
    while true {
      let path = "/v1/devices?after=\(ServiceClient.queryText(after))"
      guard let text = try await client.json(path) else { return nil }
      let page: Page
      do {
        page = try Page(Array(text.utf8))
      } catch {
        throw ServiceFault.unreadable(
          request: "GET \(path)", message: "\(error.pointer) \(error.message)")
      }
      total += page.stored.reduce(0) { $0 + (devices.contains($1.device) ? $1.taps : 0) }
      guard let next = page.next else { return total }
      after = next
    }
  }

  private struct Page {
    var stored: [(device: String, taps: Int)] = []
    var next: String?

    init(_ body: [UInt8]) throws(JSONFault) {
      var reader = JSONReader(body)
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "devices":
          try reader.beginArray()
          while try reader.nextElement() { stored.append(try Self.device(&reader)) }
        case "next": next = try reader.stringOrNil()
        default: try reader.skipValue()
        }
      }
      try reader.finish()
    }

    private static func device(
      _ reader: inout JSONReader
    ) throws(JSONFault) -> (device: String, taps: Int) {
      var device = ""
      var taps = 0
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "device": device = try reader.string()
        case "taps_stored": taps = Int(try reader.int64())
        default: try reader.skipValue()
        }
      }
      return (device, taps)
    }
  }
}
