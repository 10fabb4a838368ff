import Basics
import Testing

struct BoundedQueueTests {
  @Test func aFullQueueRefuses() {
    var queue = BoundedQueue<Int>(countMax: 2)
    #expect(queue.popFirst() == nil)
    #expect(queue.append(1) == true)
    #expect(queue.append(2) == true)
    #expect(queue.append(3) == false)
    #expect(queue.popFirst() == 1)
    #expect(queue.append(3) == true)
    #expect(queue.popFirst() == 2)
    #expect(queue.popFirst() == 3)
    #expect(queue.isEmpty)
  }

  @Test(arguments: [1, 2, 15, 16, 17, 100])
  func itDoesWhatAListWould(_ countMax: Int) {
    var generator = SeededGenerator(seed: UInt64(countMax))
    var queue = BoundedQueue<Int>(countMax: countMax)
    var list: [Int] = []
    for step in 0..<5000 {
      if generator.chance(step / 500 % 2 == 0 ? 0.7 : 0.3) {
        #expect(queue.append(step) == (list.count < countMax))
        if list.count < countMax { list.append(step) }
      } else {
        #expect(queue.popFirst() == (list.isEmpty ? nil : list.removeFirst()))
      }
      #expect(queue.count == list.count)
    }
  }
}

struct IdentifierTests {
  @Test func anIdentifierIsWrittenAsAUUID() throws {
    let id = RiderID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
    #expect(id.description == "01234567-89ab-cdef-fedc-ba9876543210")
    #expect(RiderID("01234567-89AB-CDEF-FEDC-BA9876543210") == id)
    #expect(RiderID("0123456789abcdeffedcba9876543210") == id)
    #expect(RiderID(bytes: id.bytes) == id)
    #expect(id.bytes.prefix(3) == [0x01, 0x23, 0x45])
  }

  @Test(arguments: [
    "", "01234567-89ab-cdef-fedc-ba987654321", "01234567-89ab-cdef-fedc-ba98765432100",
    "g1234567-89ab-cdef-fedc-ba9876543210", "0-1234567-89ab-cdef-fedcba9876543210",
    "0123456789abcdef-fedcba9876543210", "{01234567-89ab-cdef-fedc-ba9876543210}",
  ])
  func aTextThatIsNoneIsRefused(_ text: String) {
    #expect(RiderID(text) == nil)
  }

  @Test func whatIsWrittenIsReadBack() {
    var generator = SeededGenerator(seed: 9)
    var before = MediumID(high: 0, low: 0)
    for _ in 0..<1000 {
      let id = MediumID(high: generator.next(), low: generator.next())
      #expect(MediumID(id.description) == id)
      #expect(MediumID(bytes: id.bytes) == id)
      #expect((before < id) == (before.description < id.description))
      before = id
    }
    #expect(MediumID(bytes: [UInt8](repeating: 1, count: 15)) == nil)
  }

  @Test func lanesShareTheWorkEvenly() {
    var generator = SeededGenerator(seed: 10)
    var counts = [Int](repeating: 0, count: Int(Lane.count))
    var devices = counts
    for number in 0..<16_000 {
      counts[Int(Lane.of(RiderID(high: generator.next(), low: generator.next())))] += 1
      devices[Int(Lane.of(name: "V-\(padded(number, 4))"))] += 1
    }
    #expect(counts.allSatisfy { (800...1200).contains($0) })
    #expect(devices.allSatisfy { (800...1200).contains($0) })
  }
}

struct HashAndChanceTests {
  /// Values of the FNV reference, http://www.isthe.com/chongo/tech/comp/fnv/.
  @Test(
    arguments: [
      ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C),
      ("foobar", 0x8594_4171_F739_67E8),
    ] as [(String, UInt64)])
  func theStableHashIsFNV1a(_ text: String, _ hash: UInt64) {
    #expect(stableHash(text.utf8) == hash)
  }

  /// The published sequence of SplitMix64 for the seed 1234567.
  @Test func theGeneratorIsSplitMix64() {
    var generator = SeededGenerator(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in generator.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func forksDoNotDisturbEachOther() {
    var first = SeededGenerator(seed: 1)
    var second = SeededGenerator(seed: 1)
    var fork = first.fork()
    _ = second.fork()
    for _ in 0..<10 { _ = fork.next() }
    #expect(first.next() == second.next())
    for _ in 0..<1000 {
      let fraction = first.fraction()
      #expect(fraction >= 0 && fraction < 1)
      #expect((3...5).contains(first.integer(in: 3...5)))
    }
    #expect(first.chance(0) == false)
    #expect(first.chance(1) == true)
  }

  @Test func bytesAreWrittenInHexadecimal() {
    #expect(hexText([0, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
    #expect(hexBytes("000fA5ff") == [0, 0x0F, 0xA5, 0xFF])
    #expect(hexBytes("") == [])
    for text in ["0", "0g", "00 0f", "0x0f", "००"] { #expect(hexBytes(text) == nil, "\(text)") }
    #expect(hexValue(UInt8(ascii: "f")) == 15)
    #expect(hexValue(UInt8(ascii: "A")) == 10)
    #expect(hexValue(UInt8(ascii: "g")) == nil)
  }
}

struct CoordinateTests {
  /// Distances computed by the cross product of the two directions, not by haversine.
  @Test(
    arguments: [
      (56.9496, 24.1052, 50.4501, 30.5234, 836_328.8606), (0, 0, 0, 180, 20_015_114.4420),
      (90, 0, -90, 0, 20_015_114.4420), (50, 30, 50, 30.00001, 0.71475),
      (0, 179.9, 0, -179.9, 22_239.0160), (50, 30, 50, 30, 0),
    ] as [(Double, Double, Double, Double, Double)])
  func distancesAreThoseOfTheSphere(
    _ latitude: Double, _ longitude: Double, _ otherLatitude: Double, _ otherLongitude: Double,
    _ metres: Double
  ) {
    let one = Coordinate(latitude: latitude, longitude: longitude)
    let other = Coordinate(latitude: otherLatitude, longitude: otherLongitude)
    #expect(abs(one.metres(to: other) - metres) < max(metres * 1e-8, 1e-4))
    #expect(one.metres(to: other) == other.metres(to: one))
  }

  @Test func aReceiverWithoutAFixIsNotAPlace() {
    #expect(Coordinate(latitude: 56.95, longitude: 24.1).isPlausible)
    #expect(Coordinate(latitude: 0, longitude: 1).isPlausible)
    for (latitude, longitude) in [
      (0.0, 0.0), (90.1, 0), (-91, 5), (5, 180.5), (.nan, 5), (5, .infinity),
    ] {
      #expect(!Coordinate(latitude: latitude, longitude: longitude).isPlausible)
    }
  }
}

struct LanguageTests {
  @Test func aTextIsGivenInEachLanguage() {
    let text = Bilingual(uk: "квиток", en: "ticket")
    #expect(text[.ukrainian] == "квиток")
    #expect(text[.english] == "ticket")
    #expect(Language(rawValue: "uk") == .ukrainian)
  }
}

struct SaturatingSumTests {
  @Test(
    arguments: [
      (Int64.max - 1, 1, Int64.max), (.max, 1, .max), (.max, .max, .max), (.min, -1, .min),
      (.min, .max, -1), (2, -5, -3),
    ] as [(Int64, Int64, Int64)])
  func aSumStaysWhereItWouldPassTheLargest(_ one: Int64, _ other: Int64, _ sum: Int64) {
    #expect(saturatingSum(one, other) == sum && saturatingSum(other, one) == sum)
  }
}

struct OutsideTextTests {
  @Test func aNameIsNeitherEmptyNorLongAndHoldsNoControls() {
    #expect("КП \"Трамвай\"".isName && String(repeating: "x", count: 255).isName)
    for text in ["", String(repeating: "x", count: 256), "a\0", "a\u{1B}[2J", "a\u{85}", "a\n"] {
      #expect(!text.isName, "\(text.utf8.count) bytes")
    }
  }

  @Test func whatIsQuotedHasNoControlsAndIsCutBetweenLetters() {
    #expect("a\0b\u{7F}".quoted(bytesMax: 100) == "a\u{FFFD}b\u{FFFD}")
    #expect("Київ".quoted(bytesMax: 5) == "Ки")
    #expect("Київ".quoted(bytesMax: 8) == "Київ")
    #expect("".quoted(bytesMax: 0) == "")
  }
}
