import Basics
import Testing
import Transit

struct ZipArchiveTests {
  @Test func whatWasPutInComesOut() throws {
    var generator = SeededGenerator(seed: 7)
    let noise = (0..<100_000).map { _ in UInt8(generator.integer(in: 0...255)) }
    let files: [(name: String, bytes: [UInt8])] = [
      ("empty.txt", []), ("noise.bin", noise), ("folder/назва.txt", Array("тест".utf8)),
    ]
    let archive = try ZipArchive(ZipArchive.make(files: files))
    #expect(archive.entries.map(\.name) == files.map(\.name))
    for (entry, file) in zip(archive.entries, files) {
      #expect(entry.byteCount == file.bytes.count)
      #expect(try archive.bytes(of: entry) == file.bytes)
    }
  }

  @Test func theSameFilesMakeTheSameBytes() {
    let files = SmallFeed().files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) }
    let first = ZipArchive.make(files: files)
    #expect(first == ZipArchive.make(files: files))
    // Local header of the first file: time 00:00, date 1980-01-01.
    #expect(Array(first[10..<14]) == [0, 0, 0x21, 0])
  }

  @Test func anArchiveWithoutFilesIsOne() throws {
    #expect(try ZipArchive(ZipArchive.make(files: [])).entries.isEmpty)
  }

  @Test func nothingIsNoArchive() {
    #expect(throws: ZipFault.empty) { try ZipArchive([]) }
    let fault = #expect(throws: FeedFault.self) { try FeedReader.read(zip: []) }
    #expect(fault?.isFatal == true)
    #expect(fault?.message == "the file is empty")
  }

  @Test func aTruncatedArchiveIsRefused() {
    let zip = SmallFeed().zip()
    for share in [0.01, 0.3, 0.5, 0.9, 0.99] {
      let cut = Array(zip.prefix(Int(Double(zip.count) * share)))
      let fault = #expect(throws: FeedFault.self) { try FeedReader.read(zip: cut) }
      #expect(fault?.isFatal == true)
      #expect(fault?.message.contains("not a zip archive, or one cut off") == true)
    }
  }

  @Test func aFileOfAnotherKindIsRefused() {
    for bytes in [Array("route_id,stop_id\n1,2\n".utf8), [0x1F, 0x8B, 8, 0], [0]] {
      let fault = #expect(throws: FeedFault.self) { try FeedReader.read(zip: bytes) }
      #expect(fault?.code == "bad_archive")
    }
  }

  @Test func aWrongZipIsRefused() {
    let zip = ZipArchive.make(files: [("photo.jpg", [1, 2, 3]), ("notes/plan.txt", [65])])
    let fault = #expect(throws: FeedFault.self) { try FeedReader.read(zip: zip) }
    #expect(fault?.code == "not_a_feed")
  }

  @Test func aDamagedFileIsNamed() throws {
    let whole = SmallFeed().zip()
    // A byte in the middle of the first file's deflated data.
    var zip = whole
    zip[60] ^= 0xFF
    let fault = #expect(throws: FeedFault.self) { try FeedReader.read(zip: zip) }
    #expect(fault?.file == "agency.txt")
    #expect(fault?.message.contains("cannot be inflated") == true)
  }

  @Test func aBombEndsAtTheLimit() throws {
    let bomb = ZipArchive.make(files: [("stops.txt", Array(repeating: 65, count: 3_000_000))])
    #expect(bomb.count < 10_000)
    var limits = ZipLimits()
    limits.entryBytesMax = 1_000_000
    let fault = #expect(throws: FeedFault.self) {
      try FeedReader.read(zip: SmallFeed().zipWith("stops.txt", 3_000_000), limits: limits)
    }
    #expect(fault?.file == "stops.txt")
    #expect(fault?.message.contains("more than the 1000000 bytes allowed") == true)
    // One that lies about its size: the claim in the central directory is made small.
    let archive = try ZipArchive(lie(bomb, claim: 10), limits: limits)
    #expect(throws: ZipFault.self) { try archive.bytes(of: archive.entries[0]) }
  }

  @Test func tooManyFilesOrBytesAreRefused() {
    var limits = ZipLimits()
    limits.entriesMax = 3
    let zip = SmallFeed().zip()
    #expect(throws: ZipFault.tooManyEntries(count: 9, countMax: 3)) {
      try ZipArchive(zip, limits: limits)
    }
    limits = ZipLimits()
    limits.archiveBytesMax = 100
    #expect(throws: ZipFault.archiveTooLarge(bytes: zip.count, bytesMax: 100)) {
      try ZipArchive(zip, limits: limits)
    }
  }

  @Test(arguments: ["gtfs/", "export/2026/gtfs/", "Windows\\"])
  func aFeedMayLieInAFolder(_ folder: String) throws {
    let reading = try FeedReader.read(zip: SmallFeed().zip(folder: folder))
    #expect(try reading.network.content == SmallFeed().read().network.content)
  }

  @Test func aFeedMayLieInAnArchiveInside() throws {
    let inner = SmallFeed().zip(folder: "gtfs/")
    let outer = ZipArchive.make(files: [
      ("download/gtfs.zip", inner), ("__MACOSX/._gtfs.zip", [1]), ("readme.txt", [65]),
    ])
    #expect(try FeedReader.read(zip: outer).network.trips.count == 6)
    let deeper = ZipArchive.make(files: [("a.zip", outer)])
    let fault = #expect(throws: FeedFault.self) { try FeedReader.read(zip: deeper) }
    #expect(fault?.code == "not_a_feed")
  }

  @Test func twoFeedsInOneArchiveAreNotGuessedAt() {
    let files = ["bus/", "tram/"].flatMap { folder in
      SmallFeed().files.sorted { $0.key < $1.key }.map { (folder + $0.key, Array($0.value.utf8)) }
    }
    let fault = #expect(throws: FeedFault.self) {
      try FeedReader.read(zip: ZipArchive.make(files: files))
    }
    #expect(fault?.code == "several_feeds")
    #expect(fault?.message.contains("bus, tram") == true)
  }

  /// The archive with another uncompressed size in its central directory.
  private func lie(_ zip: [UInt8], claim: UInt8) -> [UInt8] {
    var bytes = zip
    let signature: [UInt8] = [0x50, 0x4B, 1, 2]
    if let start = bytes.indices.first(where: { bytes[$0...].starts(with: signature) }) {
      bytes.replaceSubrange((start + 24)..<(start + 28), with: [claim, 0, 0, 0])
    }
    return bytes
  }
}

extension SmallFeed {
  /// The feed as a zip with one file that is so many letters long.
  func zipWith(_ file: String, _ count: Int) -> [UInt8] {
    with(file, String(repeating: "A", count: count)).zip()
  }
}
