import Basics
import Testing
import Transit

/// What holds for every feed, whatever the order or state of its bytes.
struct FeedPropertyTests {
  @Test(arguments: UInt64(1)...10)
  func theOrderOfRowsDoesNotMatter(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var feed = SmallFeed()
    for (name, text) in feed.files.sorted(by: { $0.key < $1.key }) {
      let lines = text.split(separator: "\n")
      feed.files[name] =
        ([lines[0]] + lines.dropFirst().shuffled(using: &generator)).joined(separator: "\n")
    }
    #expect(try feed.read().network.content == SmallFeed().read().network.content)
  }

  @Test func readingTwiceGivesTheSame() throws {
    let first = try SmallFeed().read()
    let second = try SmallFeed().read()
    #expect(first.network.content == second.network.content)
    #expect(first.faults == second.faults)
  }

  /// Bytes of a file are changed, removed, repeated or cut off: there is a network or a fatal
  /// fault, and whatever network there is holds together.
  @Test(arguments: UInt64(1)...300)
  func spoiltBytesNeverBreakTheReader(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let names = SmallFeed().files.keys.sorted()
    let spoilt = names[generator.integer(in: 0...(names.count - 1))]
    let files = names.map { name in
      var bytes = Array(SmallFeed().files[name, default: ""].utf8)
      if name == spoilt {
        for _ in 0..<generator.integer(in: 1...8) { spoil(&bytes, &generator) }
      }
      return (name: name, bytes: bytes)
    }
    do throws(FeedFault) {
      expectWhole(try FeedReader.read(zip: ZipArchive.make(files: files)).network)
    } catch {
      #expect(error.isFatal)
      #expect(!error.message.isEmpty)
    }
  }

  @Test(arguments: UInt64(1)...200)
  func aSpoiltArchiveNeverBreaksTheReader(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var zip = SmallFeed().zip()
    for _ in 0..<generator.integer(in: 1...4) { spoil(&zip, &generator) }
    do throws(FeedFault) {
      expectWhole(try FeedReader.read(zip: zip).network)
    } catch {
      #expect(error.isFatal)
      #expect(!error.message.isEmpty)
    }
  }

  private func spoil(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let at = generator.integer(in: 0...(bytes.count - 1))
    let end = min(bytes.count, at + generator.integer(in: 1...12))
    let telling: [UInt8] = [0, 10, 13, 34, 44, 45, 46, 48, 57, 58, 0x80, 0xC3, 0xEF, 0xFF]
    switch generator.integer(in: 0...5) {
    case 0: bytes[at] = UInt8(generator.integer(in: 0...255))
    case 1: bytes[at] = telling[generator.integer(in: 0...(telling.count - 1))]
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
    case 4: bytes.insert(telling[generator.integer(in: 0...(telling.count - 1))], at: at)
    default: if generator.chance(0.2) { bytes.removeSubrange(at...) }
    }
  }

  private func expectWhole(_ network: Network) {
    let content = network.content
    for trip in content.trips {
      let calls = content.stopTimes[trip.stopTimes]
      let pattern = content.patterns[trip.patternIndex]
      #expect(calls.count >= 2)
      #expect(calls.map(\.stopIndex) == pattern.stopIndexes)
      #expect(content.routes.indices.contains(trip.routeIndex))
      #expect(content.services.indices.contains(trip.serviceIndex))
      var clock: Int32 = 0
      for call in calls {
        #expect(call.arrivalSeconds >= clock)
        #expect(call.departureSeconds >= call.arrivalSeconds)
        clock = call.departureSeconds
      }
    }
    for pattern in content.patterns {
      #expect(pattern.stopMetres.count == pattern.stopIndexes.count)
      #expect(zip(pattern.stopMetres, pattern.stopMetres.dropFirst()).allSatisfy { $0 <= $1 })
      #expect(pattern.stopIndexes.allSatisfy { content.stops.indices.contains(Int($0)) })
      #expect(pattern.tripCount > 0)
    }
    #expect(content.patterns.reduce(0) { $0 + $1.tripCount } == content.trips.count)
  }
}
