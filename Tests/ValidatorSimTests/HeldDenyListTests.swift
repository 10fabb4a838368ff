import Basics
import SimulatedCity
import Tapping
import Testing
import Transit

@Suite struct HeldDenyListTests {
  private static let salt = [UInt8](0..<16)
  private static let tokens = (UInt8(1)...4).map { [$0, 0xAA] }

  private static func print(_ place: Int) -> [UInt8] {
    TokenFingerprint.of(kind: .card, token: tokens[place], salt: salt)
  }

  private static func whole(_ places: [Int], version: Int64) -> DenyListFile {
    let prints = places.map(print).sorted { $0.lexicographicallyPrecedes($1) }
    return DenyListFile(version: version, since: nil, salt: salt, added: prints.flatMap(\.self))
  }

  private static func denied(by list: HeldDenyList) -> [Int] {
    tokens.indices.filter { list.denies(.card, token: tokens[$0]) }
  }

  private static func take(_ bytes: [UInt8], tag: String?, into list: inout HeldDenyList) {
    let isTaken = list.take(bytes, tag: tag)
    #expect(isTaken)
  }

  private static func refuse(_ bytes: [UInt8], tag: String?, by list: inout HeldDenyList) {
    let isTaken = list.take(bytes, tag: tag)
    #expect(!isTaken)
  }

  @Test func aDifferenceCarriesTheWholeListOn() throws {
    var list = HeldDenyList()
    #expect(list.version == nil && list.target == "/v1/deny-list")
    Self.take(Self.whole([0, 1], version: 7).binary, tag: "\"7-0-bin\"", into: &list)
    #expect(list.version == 7 && list.target == "/v1/deny-list?since=7")
    #expect(Self.denied(by: list) == [0, 1])
    let difference = DenyListFile(
      version: 9, since: 7, salt: Self.salt, added: Self.print(3), removed: Self.print(0))
    Self.take(difference.binary, tag: "\"9-7-bin\"", into: &list)
    #expect(list.version == 9 && list.tag == "\"9-7-bin\"" && list.count == 2)
    #expect(Self.denied(by: list) == [1, 3])
    // Only of its own kind: the same bytes of a bank card are another medium.
    #expect(!list.denies(.bank, token: Self.tokens[3]))
  }

  @Test func whatDoesNotFollowOnTheListIsNotTakenIn() {
    var list = HeldDenyList()
    let difference = DenyListFile(
      version: 9, since: 7, salt: Self.salt, added: Self.print(3), removed: [])
    Self.refuse(difference.binary, tag: "\"9-7-bin\"", by: &list)
    Self.take(Self.whole([2], version: 8).binary, tag: "\"8-0-bin\"", into: &list)
    Self.refuse(difference.binary, tag: "\"9-7-bin\"", by: &list)
    Self.refuse(Array(Self.whole([0], version: 10).binary.dropLast()), tag: nil, by: &list)
    #expect(list.version == 8 && list.tag == "\"8-0-bin\"" && Self.denied(by: list) == [2])
  }

  @Test func aBatchNamesNoListThatWouldHaveTurnedItsTapsAway() throws {
    let validators = try SmallDay.validators(SmallDay.network(), seed: 4)
    let day = try #require(validators.days.first { $0.rides.count > 1 })
    let bodies = DayBodies(validators: validators, seed: 4)
    let now = Instant(seconds: 1_800_000_000)
    var list = HeldDenyList()
    Self.take(Self.whole([], version: 0).binary, tag: "\"0-0-bin\"", into: &list)
    let first = bodies.batch(0..<2, of: day, now: now, denyList: list, tariffVersion: "2026-11")
    #expect(first.denyListVersion == 0 && first.tariffVersion == "2026-11")
    let tap = validators.tap(1, of: day)
    let listed = TokenFingerprint.of(kind: tap.medium, token: tap.token, salt: Self.salt)
    let file = DenyListFile(version: 3, since: nil, salt: Self.salt, added: listed)
    Self.take(file.binary, tag: "\"3-0-bin\"", into: &list)
    #expect(bodies.batch(1..<2, of: day, now: now, denyList: list).denyListVersion == nil)
    #expect(bodies.batch(0..<0, of: day, now: now, denyList: list).denyListVersion == 3)
    #expect(bodies.batch(0..<2, of: day, now: now).denyListVersion == nil)
  }

  @Test func aHeartbeatTellsEverythingAndIsTakenWhateverTheClockSays() throws {
    let validators = try SmallDay.validators(SmallDay.network(), seed: 4)
    let bodies = DayBodies(validators: validators, seed: 4)
    let now = Instant(seconds: 1_800_000_000)
    #expect(validators.days.contains { abs($0.clockErrorSeconds) >= 3600 })
    for day in validators.days {
      let health = ValidatorHealth(device: day.device, clockErrorSeconds: day.clockErrorSeconds)
      let beat = health.heartbeat(
        at: now, tariffVersion: "2026-11", denyListVersion: 5, newest: bodies.newestTap(of: day))
      #expect(SignedQuestion.isOfNow(beat.sentAt, at: now))
      #expect(try DeviceHeartbeat(json: beat.json) == beat)
      #expect(beat.denyListVersion == 5 && beat.tariffVersion == "2026-11")
      #expect(beat.software != nil && beat.configuration != nil)
      #expect((20...100).contains(try #require(beat.batteryPercent)))
      #expect(try #require(beat.freeBytes) >= 64 << 20)
      let told = try #require(beat.clockOffsetMilliseconds)
      #expect(abs(told - Int64(day.clockErrorSeconds) * 1000) <= 400)
      #expect(beat.lastSeq == day.rides.indices.last.map { Int64($0) + 1 })
    }
  }
}
