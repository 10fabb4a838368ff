import AcquirerSupport
import Basics
import Charging
import Clearing
import Ledger
import Postgres
import SimulatedAcquirer
import SimulatedCity
import Store
import Synchronization
import Tapping
import Transit

/// Plays a plan: riders tap, validators send, and people go to the desks that the commands use.
///
/// Whatever a desk does is foretold from the plain books alone, and what it does otherwise is a finding.
struct MoneyPlayer: DeskVisitor {
  let house: BooksHouse
  let plan: MoneyPlan
  var books: PlainBooks
  var findings: [String] = []
  private(set) var counts: [String: Int] = [:]
  /// Orders about accounts that wait for a second person.
  var accountOrders: [AccountOrder] = []
  /// Whether something waits for a rating, so that what a desk will do cannot be foretold.
  var isUnsettled = false
  /// How much was done at desks that may be asked for again.
  var deedsDone: UInt64 = 0
  /// How often somebody asked to give a product back.
  var returnsAsked = 0
  /// The last event of a set-off that the plain books know.
  var lastSetOff: Int64 = 0
  /// The last movement read that undid what was given up of an account.
  var lastUndoing: Int64 = 0
  /// The day that is lived, by the clock of the city.
  private(set) var today = CityCalendar.start
  private var held: [MadeTap] = []
  private var late: [(day: Int, taps: [SentTap])] = []
  private var sent: [(device: String, body: [UInt8])] = []
  /// Who delivers what in which batch, and what the acquirer and the bank make of it.
  var chance: SeededGenerator
  private var nextSeq: [String: Int64] = [:]
  private var moments: Set<Instant> = []
  private var keys = 0
  private var closed: [String] = []

  /// An order about an account that was proposed.
  struct AccountOrder {
    let number: Int64
    /// The amount that moves the balance; of a debt given up the most.
    let minor: Int64
    let isGivenUp: Bool
    let isApproved: Bool
    var rider: RiderID
    /// Who it was proposed about where there was no account.
    var subject: RiderID?
    /// Whether the money went to another rider's account meanwhile.
    var isClosed = false
  }

  /// A tap with how its validator recorded it.
  struct SentTap {
    let made: MadeTap
    let isImpossible: Bool

    var recorded: Tap {
      Tap(
        seq: made.seq, at: isImpossible ? made.at.adding(seconds: 400 * 86_400) : made.at,
        kind: .single, medium: made.medium.kind, token: Array(made.medium.word.utf8),
        vehicle: "16\(made.device.suffix(1))", route: CityPlan.lines[made.line].id)
    }
  }

  init(house: BooksHouse, plan: MoneyPlan) {
    self.house = house
    self.plan = plan
    chance = SeededGenerator(seed: plan.seed &* 83)
    books = PlainBooks(
      people: MoneyPeople { medium in
        let id = house.mediumID(medium)
        return RiderID(high: id.high, low: id.low)
      }, bank: PlainBank(seed: plan.seed))
  }

  var uah: Currency { BooksWorld.hryvnia }
  var askingSeed: UInt64 { plan.seed }
  var now: Instant { house.clock.now }
  var act: RiderAct { RiderAct(actor: "desk 1", reason: "simulated", at: now) }

  mutating func count(_ what: String) { counts[what, default: 0] += 1 }

  /// What happened, at the bank too.
  var happened: [String: Int] { counts.merging(books.bank.happened, uniquingKeysWith: +) }

  /// A name that nothing had before.
  mutating func key(_ letter: String) -> String {
    keys += 1
    return "\(letter)\(keys)"
  }

  // MARK: - Days

  /// Puts the first prices in force, and writes down where operators want their money.
  mutating func open() async throws {
    try await publish(plan.firstPrices)
    try await openOperators()
  }

  /// The morning's taps, what people do at noon, the evening's taps; then the day is over.
  mutating func live(_ index: Int) async throws {
    let day = plan.days[index]
    today = CityCalendar.day(index)
    house.clock.set(CityCalendar.utc(CityCalendar.day(index), hour: 12))
    try await ride(day.morning, on: index)
    try await workAll()
    for event in day.events { try await play(event, on: index) }
    try await workAll()
    try await endBankDay()
    books.owedAtEnd[CityCalendar.day(index)] = books.owedToOperators()
    house.clock.set(CityCalendar.utc(CityCalendar.day(index + 1), hour: 3))
    try await ride(day.evening, on: index)
    try await workAll()
    try await recognise(CityCalendar.day(index))
  }

  /// Lets all that is late arrive, and asks until nothing is on its way.
  mutating func rest() async throws {
    let end = plan.days.count
    today = CityCalendar.day(end)
    try await takeStatements(comingBy: today.adding(days: 30))
    try await matchLines()
    for (_, taps) in late { try await send(taps) }
    late = []
    for step in 1...8 {
      house.clock.set(CityCalendar.utc(CityCalendar.day(end), hour: 3 + 12 * step))
      try await workAll()
    }
    for _ in 0..<4 {
      house.clock.advance(seconds: ChargeWindow.pauseSecondsMax)
      try await workAll()
    }
  }

  /// Lets the workers do what events of before left to them.
  mutating func settle() async throws {
    if isUnsettled { try await workAll() } else { try await noteSetOffs() }
  }

  mutating func workAll() async throws {
    isUnsettled = false
    var messages = house.acquirer.dueMessages()
    messages.shuffle(using: &chance)
    for message in messages {
      _ = try await house.insist { [house] in try await house.messages.take(message) }
    }
    try await house.work()
    try await noteSetOffs()
  }

  // MARK: - Riding

  private mutating func ride(_ planned: [PlannedTap], on day: Int) async throws {
    var now: [SentTap] = []
    for tap in planned {
      let made = SentTap(made: make(tap, on: day), isImpossible: tap.isImpossible)
      if tap.daysLate == 0 {
        now.append(made)
      } else {
        late.append((day + tap.daysLate, [made]))
        count("late tap")
      }
    }
    let due = late.filter { $0.day <= day }.flatMap(\.taps)
    late.removeAll { $0.day <= day }
    try await send(now)
    try await send(due)
    if let batch = sent.last, chance.chance(0.3) {
      try await house.post(batch.body, of: batch.device, isRepeated: true)
    }
  }

  private mutating func make(_ tap: PlannedTap, on day: Int) -> MadeTap {
    let date = CityCalendar.day(day)
    var at = CityCalendar.moment(date, second: tap.second)
    // No two taps at one moment, so that each ride can be named by its time.
    while !moments.insert(at).inserted { at = at.adding(seconds: 1) }
    let device = "V-\(chance.integer(in: 1...4))"
    nextSeq[device, default: 0] += 1
    return MadeTap(
      medium: plan.media[tap.medium], device: device, seq: nextSeq[device, default: 1], day: date,
      at: at, line: tap.line)
  }

  /// Sends taps in batches of a few, in no order.
  private mutating func send(_ taps: [SentTap]) async throws {
    let devices = Dictionary(grouping: taps, by: \.made.device)
    for (device, taps) in devices.sorted(by: { $0.key < $1.key }) {
      var rest = taps.shuffled(using: &chance)[...]
      while !rest.isEmpty {
        let part = rest.prefix(chance.integer(in: 1...6)).sorted { $0.made.seq < $1.made.seq }
        rest = rest.dropFirst(part.count)
        let body = TapBatchJSON.encode(
          TapBatch(device: device, epoch: 1, sentAt: now, taps: part.map(\.recorded)))
        try await house.post(body, of: device, rejected: part.count(where: \.isImpossible))
        sent.append((device, body))
        for tap in part {
          if tap.isImpossible { held.append(tap.made) } else { books.people.tapped(tap.made) }
        }
      }
    }
  }

  /// Somebody lets an impossible tap through with its right time, or turns it down.
  mutating func decideTap(isReleased: Bool) async throws {
    guard !held.isEmpty else { return }
    let tap = held.removeFirst()
    let (house, now) = (house, now)
    let name = TapName(device: tap.device, epoch: 1, seq: tap.seq)
    _ = try await house.insist {
      if isReleased {
        try await house.quarantine.release(
          name, correction: TapCorrection(at: tap.at), by: "olena", reason: "its clock", at: now)
      } else {
        try await house.quarantine.discard(name, by: "olena", reason: "a test", at: now)
      }
    }
    if isReleased { books.people.tapped(tap) }
    count(isReleased ? "tap released" : "tap discarded")
    isUnsettled = true
  }

  // MARK: - Tariffs and months

  mutating func publish(_ version: SmallTariff.Version) async throws {
    try await settle()
    let (house, now) = (house, now)
    let source = TariffSourceText.source(SmallTariff.text(version))
    try await house.publish(source, at: now)
    try await house.city.reload(from: house.store)
    books.people.tariff.versions.append(version)
    books.people.tariff.versions.sort { $0.first < $1.first }
    count("tariff")
    isUnsettled = true
  }

  mutating func close(_ month: String) async throws {
    let (house, now) = (house, now)
    try await workAll()
    let closing = PeriodClosing(
      store: house.store, city: house.city.current, reporting: BooksWeeks.reporting)
    let outcome = try await house.insist {
      try await closing.close(month, by: "olena", isOpenAllowed: true, at: now)
    }
    guard case .closed = outcome else {
      findings.append("\(month) was not closed: \(outcome)")
      return
    }
    books.firstOpenDay = CityCalendar.day(13)
    closed = try await house.texts(BooksWeeks.october)
    count("month closed")
  }

  /// Whether the closed month is as it was.
  func closedFindings() async throws -> [String] {
    guard !closed.isEmpty, try await house.texts(BooksWeeks.october) != closed else { return [] }
    return ["October was closed and is not as it was"]
  }

  // MARK: - Desks

  /// Whether it was done; that it was not as foretold is a finding.
  mutating func judge<Result>(
    _ outcome: DeskOutcome<Result>, _ what: String, isRight: Bool
  ) -> Bool {
    switch outcome {
    case .done:
      if !isRight { findings.append("\(what) on \(now) was done and should have been refused") }
      count(what)
      return true
    case .refused(let why):
      if isRight { findings.append("\(what) on \(now) was refused: \(why)") }
      count("\(what) refused")
      return false
    }
  }

  /// A second person decides an order that can be carried out.
  mutating func decide(order: Int64, isApproved: Bool) async throws {
    let house = house
    let outcome = try await ask("order", again: .refused("already")) {
      try await house.moneyOrders.decide(order, isApproved: isApproved, by: "taras")
    }
    _ = judge(outcome, "order decided", isRight: true)
  }

  mutating func play(_ event: MoneyEvent, on day: Int) async throws {
    switch event {
    case .publish(let version): try await publish(version)
    case .decideTap(let isReleased): try await decideTap(isReleased: isReleased)
    case .close(let month): try await close(month)
    case .claim, .decideClaim, .payClaim, .payouts, .decidePayouts, .sendPayouts, .confirmPayouts:
      try await playOperators(event, on: day)
    case .payDebt, .askDebt, .giveUpDebt, .payGivenUp, .refundPayment, .dispute, .decideDispute,
      .fundDisputes, .fund, .fundSales:
      try await playCards(event)
    case .handInCash(let percent): handInCash(percent)
    case .matchLines: try await matchLines()
    case .prove, .hold, .merge, .link, .erase: try await playPeople(event, on: day)
    default: try await playStoredValue(event, on: day)
    }
  }
}
