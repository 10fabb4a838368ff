/// Reads a GTFS feed from bytes.
package enum FeedReader {
  /// Reads a feed from a zip; throws the fault that leaves no network.
  package static func read(
    zip: [UInt8], limits: ZipLimits = ZipLimits()
  ) throws(FeedFault) -> FeedReading {
    var build = FeedBuild(archive: try FeedArchive(zip: zip, limits: limits))
    try build.readAgencies()
    try build.readInfo()
    try build.readRoutes()
    try build.readStops()
    try build.readServices()
    try build.readShapes()
    try build.readTrips()
    try build.readCalls()
    build.makePatterns()
    build.placeTrips()
    try build.readFrequencies()
    return try build.finish()
  }

  /// Reads who runs which route, and nothing of stops and trips; throws the fault that leaves no routes.
  package static func readRoutes(
    zip: [UInt8], limits: ZipLimits = ZipLimits()
  ) throws(FeedFault) -> Network {
    var build = FeedBuild(archive: try FeedArchive(zip: zip, limits: limits))
    try build.readAgencies()
    try build.readRoutes()
    return Network(build.content)
  }
}

/// A network while it is built: each file widens it, in an order in which references point back.
struct FeedBuild {
  /// Files that are read, in the order of reading.
  static let files = [
    "agency.txt", "feed_info.txt", "routes.txt", "stops.txt", "calendar.txt",
    "calendar_dates.txt", "shapes.txt", "trips.txt", "stop_times.txt", "frequencies.txt",
  ]

  let archive: FeedArchive
  var log = FaultLog()
  var rowCounts: [FeedRowCount] = []
  var content = NetworkContent(timeZoneName: "")
  var routeIDs = IDIndex()
  var stopIDs = IDIndex()
  var serviceIDs = IDIndex()
  var shapeIDs = IDIndex()
  /// Shapes that a trip may name although they were left out.
  var brokenShapeIDs = IDIndex()
  /// Trips in the order of the file.
  var rawTrips: [RawTrip] = []
  var rawTripIDs = IDIndex()
  /// Trips left out for a fault of their own, so that their stop times are not faults too.
  var brokenTripIDs = IDIndex()
  /// Calls, those of a trip together and in order, and where those of each raw trip stand.
  var rawCalls: [RawCall] = []
  var callRanges: [Range<Int>] = []
  /// Pattern of each raw trip; nil when the trip was left out.
  var patternOfRawTrip: [Int?] = []

  init(archive: FeedArchive) { self.archive = archive }

  /// Opens a file that a feed may lack; nil, with a fault, when it is there and no table.
  mutating func optionalTable(
    _ file: String, _ required: [String]
  ) throws(FeedFault) -> FeedTable? {
    guard let bytes = try archive.bytes(of: file) else { return nil }
    // An empty file is how some write that there is nothing.
    if bytes.isEmpty { return nil }
    return FeedTable(file, bytes, required: required, &log)
  }

  /// Opens a file without which there is no network.
  mutating func requiredTable(
    _ file: String, _ required: [String]
  ) throws(FeedFault) -> FeedTable {
    guard let bytes = try archive.bytes(of: file) else {
      throw FeedArchive.fatal(file, "missing_file", "the feed has no \(file)")
    }
    if let table = FeedTable(file, bytes, required: required, &log) { return table }
    let fault = log.faults.last
    throw FeedFault(
      file: file, line: fault?.line, code: fault?.code ?? "no_header",
      message: fault?.message ?? "the file has no header line", isFatal: true)
  }

  /// Notes that a file has been read.
  mutating func close(_ table: FeedTable) {
    rowCounts.append(FeedRowCount(file: table.file, count: table.rowCount))
  }

  /// The network, when there is anything to drive.
  func finish() throws(FeedFault) -> FeedReading {
    guard !content.trips.isEmpty else {
      let first = log.faults.first.map { "; the first fault: \($0)" } ?? ""
      throw FeedArchive.fatal(
        "trips.txt", "no_trips", "the feed has no trip with two stops or more" + first)
    }
    return FeedReading(
      network: Network(content), faults: log.faults, faultCounts: log.counts,
      rowCounts: rowCounts, unreadFiles: archive.names.filter { !FeedBuild.files.contains($0) })
  }
}
