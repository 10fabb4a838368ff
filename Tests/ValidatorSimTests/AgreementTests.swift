import Basics
import SimulatedCity
import Tapping
import Testing
import Transit

@Suite struct AgreementTests {
  private let validators: Validators
  private let day: ValidatorDay

  init() throws {
    let network = try SmallDay.network()
    let fleet = try #require(
      Fleet(network: network, day: SmallDay.monday, seed: 2, vehiclesMax: 20))
    let journeys = Journeys(fleet: fleet, riderCount: 200, seed: 2)
    let mishaps = Mishaps(offlineRate: 0, repeatRate: 0, clockErrorRate: 0)
    validators = Validators(fleet: fleet, journeys: journeys, mishaps: mishaps, seed: 2)
    day = try #require(validators.days.first { $0.rides.count >= 3 })
  }

  /// What a service says that did everything right.
  private func perfect() -> [AuditedTap] {
    day.rides.indices.map { number in
      let tap = validators.tap(number, of: day)
      let ride = day.rides[number]
      let calls = validators.fleet.vehicles[ride.board.vehicle].trips[ride.board.trip].calls
      var audited = AuditedTap(seq: tap.seq, at: tap.at, state: "rated")
      audited.vehicle = tap.vehicle
      audited.route = tap.route
      audited.direction = tap.direction
      audited.stop = validators.fleet.network.stops[calls[ride.board.call].stop].id
      audited.alightStop = validators.fleet.network.stops[calls[ride.alightCall].stop].id
      return audited
    }
  }

  private func agreement(_ audited: [AuditedTap]) -> Agreement {
    var agreement = Agreement()
    agreement.compare(audited, with: day, of: validators)
    return agreement
  }

  @Test func aPerfectServiceAgrees() {
    let result = agreement(perfect())
    #expect(result.isExact)
    #expect(result.recorded == day.rides.count)
    #expect(result.boardingShare == 1)
    #expect(result.alightingShare == 1)
  }

  @Test func aLostTapIsSeen() {
    let result = agreement(Array(perfect().dropLast()))
    #expect(!result.isExact)
    #expect(result.missing == 1)
  }

  @Test func aTapStoredTwiceIsSeen() {
    let result = agreement(perfect() + [perfect()[0]])
    #expect(result.doubled == 1)
    #expect(!result.isExact)
  }

  @Test func anInventedTapIsSeen() {
    let stranger = AuditedTap(seq: Int64(day.rides.count) + 1, at: Instant(seconds: 0))
    #expect(agreement(perfect() + [stranger]).invented == 1)
    #expect(!agreement(perfect() + [stranger]).isExact)
  }

  @Test func otherContentIsSeen() {
    var audited = perfect()
    audited[0].at = audited[0].at?.adding(seconds: 1)
    audited[1].route = "elsewhere"
    audited[2].direction = nil
    let result = agreement(audited)
    #expect(result.different == 2, "a field that the service does not tell is no difference")
    #expect(result.examples.count == 2)
  }

  @Test func aTapThatWaitsIsNotYetThere() {
    var audited = perfect()
    audited[0].at = nil
    let result = agreement(audited)
    #expect(result.waiting == 1)
    #expect(!result.isExact)
    #expect(result.different == 0)
  }

  @Test func aWrongStopLowersTheShareOnly() {
    var audited = perfect()
    audited[0].stop = "nowhere"
    audited[1].stop = nil
    let result = agreement(audited)
    #expect(result.isExact)
    #expect(result.boardingsPlaced == day.rides.count - 1)
    #expect(result.boardingsRight == day.rides.count - 2)
  }

  @Test func anAuditLineIsRead() throws {
    let line =
      #"{"seq":7,"at":"2026-11-21T07:30:00+02:00","state":"rated","stop":"C01R04E","x":[1]}"#
    let taps = try AuditedTap.lines(Array("\(line)\n\n\(line)\n".utf8))
    #expect(taps.count == 2)
    #expect(taps[0].seq == 7)
    #expect(taps[0].at == Instant(iso8601: "2026-11-21T05:30:00Z"))
    #expect(taps[0].stop == "C01R04E")
    #expect(throws: JSONFault.self) { try AuditedTap(json: Array(#"{"at":null}"#.utf8)) }
  }
}
