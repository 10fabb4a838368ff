import AcquirerSupport
import Basics
import Charging
import Clearing
import Postgres
import SimulatedAcquirer
import SimulatedCity
import Store
import Synchronization
import Tapping
import Transit

/// The weeks of a city: people ride, validators send what they recorded when they can, desks and the
/// acquirer work, and somebody changes a tariff.
struct BooksWorld: DeskVisitor {
  let house: BooksHouse
  let plan: BooksPlan
  let bug: PlantedBookBug?
  private(set) var model: BooksModel
  /// What balances were at the end of a day, worked out then.
  private(set) var pastBalances: [(at: Instant, rider: RiderID, minor: Int64)] = []
  var chance: SeededGenerator
  /// Of its own, so that how many messages there are changes nothing else.
  private var messageChance: SeededGenerator
  private var nextSeq: [String: Int64] = [:]
  private var moments: Set<Instant> = []
  private var late: [(day: Int, taps: [MadeTap])] = []
  private var sent: [(device: String, body: [UInt8])] = []
  private(set) var counts: [String: Int] = [:]
  /// The last fare day whose passes were earned.
  private(set) var recognisedThrough: Day?
  var keys = 0
  var findings: [String] = []
  var deedsDone: UInt64 = 0
  /// What the acquirer's files brought that were taken.
  var funded = FundedMoney()
  /// Files of the acquirer that come after the next one.
  var lateFiles: [[UInt8]] = []
  var filesMade = 0

  init(house: BooksHouse, plan: BooksPlan, bug: PlantedBookBug? = nil) {
    self.house = house
    self.plan = plan
    self.bug = bug
    chance = SeededGenerator(seed: plan.seed &* 77)
    messageChance = SeededGenerator(seed: plan.seed &* 79)
    model = BooksModel(plan: plan) { medium in
      let id = house.mediumID(medium)
      return RiderID(high: id.high, low: id.low)
    }
  }

  /// Puts the city's first tariff in force.
  mutating func open() async throws { try await publish(plan.prices[0]) }

  var askingSeed: UInt64 { plan.seed }

  mutating func count(_ what: String) { counts[what, default: 0] += 1 }

  /// A day: the morning's taps and what people do at noon, then the evening's taps before the dawn.
  mutating func live(_ day: Int) async throws {
    house.clock.set(CityCalendar.utc(CityCalendar.day(day), hour: 12))
    try await ride(day, seconds: 5 * 3600...14 * 3600)
    try await workAll()
    try await visitDesks(day)
    if plan.prices[1].first <= CityCalendar.day(day - 3), model.tariff.versions.count == 1 {
      try await publish(plan.prices[1])
    }
    try await fund(on: day)
    try await workAll()
    house.clock.set(CityCalendar.utc(CityCalendar.day(day + 1), hour: 3))
    try await ride(day, seconds: 14 * 3600 + 1...26 * 3600 + 1800)
    try await workAll()
    try await recognise(through: CityCalendar.day(day))
    noteBalances()
  }

  /// Lets all that is late arrive, and asks until nothing is on its way.
  mutating func rest(after day: Int) async throws {
    for (_, taps) in late { try await send(taps) }
    late = []
    for step in 1...8 {
      house.clock.set(CityCalendar.utc(CityCalendar.day(day + 1), hour: 3 + 12 * step))
      try await workAll()
      // Early enough that what it does not pay is asked for again before all is at rest.
      if step == 1, house.isByFile { try await fund(on: CityCalendar.day(day + 1), .none) }
    }
    for _ in 0..<4 {
      house.clock.advance(seconds: ChargeWindow.pauseSecondsMax)
      try await workAll()
    }
    try await recognise(through: CityCalendar.day(day + 1))
  }

  private mutating func workAll() async throws {
    var messages = house.acquirer.dueMessages()
    messages.shuffle(using: &messageChance)
    let house = house
    for message in messages {
      try await have("message", again: .answered { $0 == .known }) {
        try await house.messages.take(message)
      }
    }
    try await house.work()
  }

  // MARK: - Riding

  private mutating func ride(_ day: Int, seconds: ClosedRange<Int>) async throws {
    var taps: [MadeTap] = []
    for medium in plan.media {
      for _ in 0..<2 where chance.chance(0.4) {
        let second = chance.integer(in: seconds)
        taps.append(make(medium, day, second))
        // Some change the vehicle within the time of a transfer.
        let again = second + chance.integer(in: 300...2400)
        if chance.chance(0.3), seconds.contains(again) { taps.append(make(medium, day, again)) }
      }
    }
    let isLate = chance.chance(0.4)
    let waiting = taps.filter { _ in isLate && chance.chance(0.5) }
    if !waiting.isEmpty { late.append((day + chance.integer(in: 1...9), waiting)) }
    try await send(taps.filter { !waiting.contains($0) })
    for index in late.indices.reversed() where late[index].day <= day {
      let taps = late.remove(at: index).taps
      if bug == .losesLateTaps {
        for tap in taps { model.tapped(tap) }
      } else {
        try await send(taps)
      }
      count("late")
    }
    if let batch = sent.last, chance.chance(0.3) {
      try await house.post(batch.body, of: batch.device)
      count("repeated")
    }
  }

  private mutating func make(_ medium: CityMedium, _ day: Int, _ second: Int) -> MadeTap {
    let date = CityCalendar.day(day)
    var at = CityCalendar.moment(date, second: second)
    // No two taps at one moment, so that each ride can be named by its time.
    while !moments.insert(at).inserted { at = at.adding(seconds: 1) }
    let device = "V-\(chance.integer(in: 1...4))"
    nextSeq[device, default: 0] += 1
    return MadeTap(
      medium: medium, device: device, seq: nextSeq[device, default: 1], day: date, at: at,
      line: chance.integer(in: 0...CityPlan.lines.count - 1))
  }

  /// Sends taps in batches of a few, in no order.
  private mutating func send(_ taps: [MadeTap]) async throws {
    for (device, taps) in Dictionary(grouping: taps, by: \.device).sorted(by: { $0.key < $1.key }) {
      var rest = taps.shuffled(using: &chance)[...]
      while !rest.isEmpty {
        let part = rest.prefix(chance.integer(in: 1...5)).sorted { $0.seq < $1.seq }
        rest = rest.dropFirst(part.count)
        let batch = TapBatch(
          device: device, epoch: 1, sentAt: house.clock.now, taps: part.map(\.recorded))
        let body = TapBatchJSON.encode(batch)
        try await house.post(body, of: device)
        sent.append((device, body))
        for tap in part { model.tapped(tap) }
      }
    }
  }

  // MARK: - Around it

  private mutating func publish(_ price: SmallTariff.Version) async throws {
    let now = house.clock.now
    let published = bug == .pricesOff ? price.off(by: 1) : price
    let source = TariffSourceText.source(SmallTariff.text(published))
    try await house.publish(source, at: now)
    try await house.city.reload(from: house.store)
    model.tariff.versions.append(price)
    count("tariff")
  }

  private mutating func recognise(through day: Day) async throws {
    let (house, now, last) = (house, house.clock.now, day.adding(days: -1))
    recognisedThrough = last
    try await have("recognition", again: .answered { $0 == 0 }) {
      try await house.recognition.recognise(through: last, at: now)
    }
  }

  private mutating func noteBalances() {
    for rider in model.deposits.keys.sorted() where !model.erased.contains(rider) {
      pastBalances.append((house.clock.now, rider, model.balance(of: rider)))
    }
  }

  /// Changes what is known of the people, and forgets past balances of those who are others now.
  mutating func learn(
    about riders: [RiderID] = [], _ change: (inout BooksModel) -> Void
  ) {
    change(&model)
    pastBalances.removeAll { riders.contains($0.rider) }
  }
}

extension MadeTap {
  /// The tap as the validator recorded it.
  fileprivate var recorded: Tap {
    Tap(
      seq: seq, at: at, kind: .single, medium: medium.kind, token: Array(medium.word.utf8),
      vehicle: "16\(device.suffix(1))", route: CityPlan.lines[line].id)
  }
}
