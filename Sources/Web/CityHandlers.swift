import Basics
import Clearing
import HTTPTypes
import Insight
import Store
import Tariff
import Transit

/// Publishing networks and tariffs, and showing the network to everyone.
extension Handlers {
  func networkImport(_ request: WebRequest) async throws -> Answer {
    let desk = NetworkDesk(store: services.store)
    let name = request.queryText("name") ?? "upload.zip"
    let publication = try await desk.publish(
      name: name, archive: request.body, from: try request.queryDay("from"),
      at: request.receivedAt,
      by: { try Handlers.bearer(request) })
    switch publication {
    case .refused(let fault):
      var problem = Problem(
        .unprocessableContent, "feed_unusable",
        "No network could be made of this feed, and the one before still holds.")
      problem.faults = [fault.description]
      throw problem
    case .notNow(let code, let why): throw Problem(.conflict, code, why)
    case .published(let reading, let record, let doubts, let order):
      try await services.city.reload(from: services.store)
      return .json(.created) { writer in
        writer.beginObject()
        writer.member("feed", record.id)
        writer.member("name", record.name)
        if let first = record.firstDay { writer.member("from", first.description) }
        writer.member("operators", reading.network.operators.count)
        writer.member("routes", reading.network.routes.count)
        writer.member("stops", reading.network.stops.count)
        writer.member("trips", reading.network.trips.count)
        writer.member("stop_times", reading.network.stopTimes.count)
        writer.member("fault_count", reading.faultCount)
        writer.key("faults")
        writer.beginArray()
        for fault in reading.faults { writer.value(fault.description) }
        writer.endArray()
        writer.key("tariff_doubts")
        writer.beginArray()
        for doubt in doubts { writer.value(doubt.description) }
        writer.endArray()
        if let order {
          // The network is in force; what it changes of the days before is worked out first.
          writer.key("order")
          writer.order(order)
        }
        writer.endObject()
      }
    }
  }

  func tariffPublish(_ request: WebRequest) async throws -> Answer {
    guard let text = String(validating: request.body, as: UTF8.self) else {
      throw Problem(.badRequest, "not_utf8", "The tariff is not UTF-8.")
    }
    let source = TariffSource(
      folder: Handlers.ownName(ofTariff: text),
      files: [TariffFile(path: TariffSource.mainPath, text: text)])
    guard try request.queryFlag("rerate") || request.queryFlag("preview") else {
      let publishing = TariffPublishing(store: services.store, city: services.city)
      return try await tell(try await publishing.publish(source, at: request.receivedAt))
    }
    return try await tariffOrder(source, request)
  }

  /// Says what became of a tariff.
  func tell(_ outcome: PublishingOutcome) async throws -> Answer {
    switch outcome {
    case .faulty(let faults):
      var problem = Problem(
        .unprocessableContent, "tariff_unusable", "The tariff has faults; nothing was published.")
      problem.faults = faults.map(\.description)
      throw problem
    case .taken(let sentence): throw Problem(.conflict, "version_taken", sentence)
    case .past(let why):
      throw Problem(
        .conflict, "past_without_order", "\(why.english). Add ?rerate=true to order it.")
    case .published(let versions, let warnings, let staleDays):
      try await services.city.reload(from: services.store)
      return .json(.created) { writer in
        writer.beginObject()
        writer.member("versions", objects: versions) { writer, version in
          writer.member("version", version.version)
          writer.member("effective_from", version.firstDay.description)
        }
        writer.member("rider_days_to_rate_anew", staleDays)
        writer.key("warnings")
        writer.beginArray()
        for warning in warnings { writer.value(warning.description) }
        writer.endArray()
        writer.endObject()
      }
    }
  }

  /// What a tariff calls itself: an upload has no folder whose name could differ.
  private static func ownName(ofTariff text: String) -> String {
    let line = text.split(separator: "\n").first { $0.hasPrefix("tariff:") } ?? ""
    let value = line.dropFirst("tariff:".count).prefix { $0 != "#" }
    return String(value).trimmed.filter { $0 != "\"" && $0 != "'" }
  }

  /// Routes as lines, for a map.
  func networkRoutes() -> Answer { Handlers.geoJSON(services.insight.routeShapes()) }

  /// Stops as points, for a map.
  func networkStops() -> Answer {
    let network = services.city.current.network
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", "FeatureCollection")
    writer.key("features")
    writer.beginArray()
    for stop in network.stops where stop.coordinate.isPlausible { writer.stop(stop) }
    writer.endArray()
    writer.endObject()
    return Handlers.geoJSON(writer.bytes)
  }

  private static func geoJSON(_ body: [UInt8]) -> Answer {
    var answer = Answer(contentType: "application/geo+json", body: body)
    answer.headers[.cacheControl] = "public, max-age=300"
    return answer
  }
}

extension JSONWriter {
  fileprivate mutating func stop(_ stop: Stop) {
    beginObject()
    member("type", "Feature")
    key("properties")
    beginObject()
    member("stop", stop.id)
    member("name", stop.name)
    endObject()
    key("geometry")
    beginObject()
    member("type", "Point")
    key("coordinates")
    beginArray()
    value(stop.coordinate.longitude)
    value(stop.coordinate.latitude)
    endArray()
    endObject()
    endObject()
  }
}
