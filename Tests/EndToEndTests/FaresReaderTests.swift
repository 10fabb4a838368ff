import Foundation
import Programs
import Testing
import Transit

/// What `kvytok export gtfs-fares` writes is valid to a validator that others wrote (gtfs-guru, which
/// has the rules of the canonical GTFS validator).
@Suite struct FaresReaderTests {
  /// A feed of two stops and one route, in which the validator finds nothing wrong.
  private static let feed: [(name: String, text: String)] = [
    (
      "agency.txt",
      "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n"
    ),
    (
      "calendar.txt",
      "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20271231\n"
    ),
    (
      "routes.txt",
      "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,3\nr2,t,2,,0\n"
    ),
    (
      "stop_times.txt",
      "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "t1,08:00:00,08:00:00,a,1\nt1,08:05:00,08:05:00,b,2\n"
        + "t2,08:00:00,08:00:00,b,1\nt2,08:05:00,08:05:00,a,2\n"
    ),
    (
      "stops.txt",
      "stop_id,stop_name,stop_lat,stop_lon,zone_id\na,Rynok,49.23,28.46,1\nb,Vokzal,49.24,28.47,2\n"
    ),
    ("trips.txt", "route_id,service_id,trip_id\nr1,all,t1\nr2,all,t2\n"),
  ]

  /// Puts each export over the feed and prints what the validator has against it.
  private static let script = """
    import sys, zipfile, gtfs_guru
    base = zipfile.ZipFile(sys.argv[1])
    for path in sys.argv[2:]:
      export = zipfile.ZipFile(path)
      files = {name: base.read(name) for name in base.namelist()}
      # The feed has its agencies and services; what the export adds to them goes below.
      for name in export.namelist():
        text = export.read(name)
        if name == 'agency.txt':
          continue
        if name in files:
          text = files[name] + b'\\n'.join(text.split(b'\\n')[1:])
        files[name] = text
      merged = path + '.merged.zip'
      with zipfile.ZipFile(merged, 'w') as archive:
        for name, text in files.items():
          archive.writestr(name, text)
      for notice in gtfs_guru.validate(merged).notices:
        if notice.severity == 'ERROR' or notice.code in ('unexpected_enum_value', 'unknown_column'):
          print(path.split('/')[-1], notice.code, notice.file, notice.row, notice.message)
    """

  /// The feed, and the exports of all tariffs with it and without it.
  private func exports(in folder: URL) async throws -> (feed: URL, exports: [URL]) {
    let feed = folder.appendingPathComponent("feed.zip")
    let archive = ZipArchive.make(files: Self.feed.map { ($0.name, Array($0.text.utf8)) })
    try Data(archive).write(to: feed)
    let tariffs = Command.tariff.deletingLastPathComponent()
    var exports: [URL] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: tariffs.path).sorted()
    where !name.hasPrefix(".") {
      for network in [[], ["--network", feed.path]] {
        let out = folder.appendingPathComponent("\(name)-\(exports.count).zip")
        let end = try await Command.run(
          [
            "export", "gtfs-fares", "--tariff", tariffs.appendingPathComponent(name).path, "--out",
            out.path,
          ] + network)
        #expect(end.exitCode == 0, "\(name): \(end.errors)")
        exports.append(out)
      }
    }
    return (feed, exports)
  }

  private func validate(_ feed: URL, _ exports: [URL]) async throws -> String {
    let python = URL(fileURLWithPath: try #require(StandardReaderTests.python))
    let read = try await RunningProgram.start(
      python, ["-c", Self.script, feed.path] + exports.map(\.path)
    ).end()
    #expect(read.exitCode == 0, "\(read.errors)")
    return read.output
  }

  @Test(.enabled(if: StandardReaderTests.isThere, "`make test` installs the reader"))
  func theFaresOfEachTariffAreValidToAnOutsideValidator() async throws {
    let folder = try TemporaryFolder.make("fares")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (feed, exports) = try await exports(in: folder)
    #expect(exports.count >= 50)
    #expect(try await validate(feed, exports) == "")
  }

  @Test(
    .enabled(if: StandardReaderTests.isThere, "`make test` installs the reader"),
    arguments: [
      ("fare_leg_rules.txt", "fare_1", "nobody", "foreign_key_violation"),
      ("fare_transfer_rules.txt", "leg_1", "nobody", "foreign_key_violation"),
      ("fare_products.txt", ",UAH", ",", "missing_required_field"),
      ("fare_products.txt", "12.00", "12.001", "invalid_currency_amount"),
      ("rider_categories.txt", ",1\n", ",7\n", "unexpected_enum_value"),
    ])
  func theValidatorSeesWhatIsWrong(
    _ file: String, _ old: String, _ new: String, _ code: String
  ) async throws {
    let folder = try TemporaryFolder.make("fares")
    defer { try? FileManager.default.removeItem(at: folder) }
    let feed = folder.appendingPathComponent("feed.zip")
    let base = ZipArchive.make(files: Self.feed.map { ($0.name, Array($0.text.utf8)) })
    try Data(base).write(to: feed)
    let out = folder.appendingPathComponent("zelenohrad.zip")
    let end = try await Command.run([
      "export", "gtfs-fares", "--tariff", Command.tariff.path, "--out", out.path,
    ])
    #expect(end.exitCode == 0, "\(end.errors)")
    let archive = try ZipArchive([UInt8](try Data(contentsOf: out)))
    let files = try archive.entries.map { entry in
      let text = String(decoding: try archive.bytes(of: entry), as: UTF8.self)
      #expect(entry.name != file || text.contains(old), "\(text)")
      return (entry.name, Array((entry.name == file ? text.replacing(old, with: new) : text).utf8))
    }
    try Data(ZipArchive.make(files: files)).write(to: out)
    let found = try await validate(feed, [out])
    #expect(found.contains(code), "\(found)")
  }
}
