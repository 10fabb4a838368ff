import Basics

/// What a run of `loadtest network` measured; nil where it could not be.
package struct NetworkReport: Sendable, Equatable {
  package var feedBytes = 0
  /// What is in the network that was read.
  package var stopTimes = 0
  package var trips = 0
  package var stops = 0
  package var routes = 0
  /// Rows of the feed that have a fault.
  package var faults = 0
  /// From the archive's bytes to a network with its look-ups, in the process itself.
  package var parseSeconds = 0.0
  /// The whole command, from its start to its end.
  package var importSeconds = 0.0
  /// Stop times that the command says it imported.
  package var importedStopTimes: Int?
  /// From the start of the command until the service beside it answers by the network.
  package var inForceSeconds: Double?
  /// Most resident memory: of this process once the feed is read, of the command, and of the service once
  /// it has the network.
  package var parsePeakBytes: Int?
  package var importPeakBytes: Int?
  package var servicePeakBytes: Int?

  /// Starts at nothing.
  package init() {}

  /// Whether the service has the network that was read.
  package var isSound: Bool {
    stopTimes > 0 && importedStopTimes == stopTimes && inForceSeconds != nil
  }

  private var numbers: [(key: String, value: Double?)] {
    [
      ("parse_seconds", parseSeconds), ("import_seconds", importSeconds),
      ("in_force_seconds", inForceSeconds),
      ("parse_peak_mib", ReportRows.mebibytes(parsePeakBytes)),
      ("import_peak_mib", ReportRows.mebibytes(importPeakBytes)),
      ("service_peak_mib", ReportRows.mebibytes(servicePeakBytes)),
    ]
  }

  private var counts: [(key: String, value: Int?)] {
    [
      ("stop_times", stopTimes), ("imported_stop_times", importedStopTimes), ("trips", trips),
      ("stops", stops), ("routes", routes), ("faults", faults), ("feed_bytes", feedBytes),
    ]
  }

  /// One JSON object; what could not be measured is null.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    ReportRows.write(numbers, counts, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String { ReportRows.lines(numbers, counts).joined(separator: "\n") }
}
