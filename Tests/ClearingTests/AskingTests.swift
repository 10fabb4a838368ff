import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Synchronization
import Testing
import Transit

/// Does at once what it is asked, and says so of the first authorisation only when it is told to.
private final class SlowAcquirer: Acquirer {
  let concurrencyMax = 3
  let capturesByFile = false
  private let inner: InProcessAcquirer
  /// The key of the question that is not answered; nil while there was none.
  private let held = Mutex<ChargeKey?>(nil)
  private let isReleased = Mutex(false)

  init(_ inner: InProcessAcquirer) { self.inner = inner }

  var isHolding: Bool { held.withLock { $0 != nil } }

  func release() { isReleased.withLock { $0 = true } }

  func ask(_ request: AcquirerRequest) async -> AcquirerAnswer {
    let answer = await inner.ask(request)
    guard case .authorise = request.operation else { return answer }
    let isHeld = held.withLock { key in
      key = key ?? request.key
      return key == request.key
    }
    while isHeld, !isReleased.withLock({ $0 }) {
      if Task.isCancelled { return .unknown("the process ended") }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return answer
  }
}

/// Never answers.
private struct SilentAcquirer: Acquirer {
  let concurrencyMax = 1
  let capturesByFile = false

  func ask(_ request: AcquirerRequest) async -> AcquirerAnswer { .unknown("silent") }
}

extension ClearingSuite {
  /// No lock and no turn is held while the acquirer makes up its mind.
  @Suite struct AskingTests {
    private static func charging(_ house: CardHouse, _ acquirer: any Acquirer) -> ChargingService {
      let clock = house.clock
      return ChargingService(
        store: house.house.store, city: house.house.city, acquirer: acquirer, log: quiet,
        now: { clock.now })
    }

    private static let windows = "select state from charge_window order by state"

    /// Waits until the database says something, half a minute at most.
    private static func expect(
      _ wanted: [String], _ sql: String = windows, in house: CardHouse
    ) async throws {
      for _ in 0..<300 {
        if try await house.house.texts(sql) == wanted { return }
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(try await house.house.texts(sql) == wanted)
    }

    @Test func anAnswerThatIsSlowHoldsUpNothingButItsOwnWindow() async throws {
      try await CardHouse.with { house in
        try await house.house.journal(
          [try bankTap(1, "08:00"), try bankTap(2, "09:00", card: "visa-olha")],
          receivedAt: house.clock.now)
        try await house.work()
        house.clock.advance(seconds: 86_400)
        let acquirer = SlowAcquirer(house.acquirer)
        let worker = Self.charging(house, acquirer)
        let running = Task { await worker.run() }
        try await Self.expect(["authorising", "captured"], in: house)
        #expect(acquirer.isHolding)
        // A window closes meanwhile, is asked about and taken.
        try await house.house.journal(
          [try bankTap(3, "10:00", card: "visa-petro")], receivedAt: house.clock.now)
        try await house.clearing.drain()
        try await Self.expect(["authorising", "captured", "captured"], in: house)
        try await Self.expect(["good"], "select distinct state from card_standing", in: house)
        acquirer.release()
        try await Self.expect(["captured", "captured", "captured"], in: house)
        running.cancel()
        await running.value
        try await house.house.expectSound()
      }
    }

    @Test func aQuestionWhoseAnswerWasLostWithTheProcessIsAskedAgainByItsKey() async throws {
      try await CardHouse.with { house in
        try await house.house.journal([try bankTap(1, "08:00")], receivedAt: house.clock.now)
        try await house.work()
        house.clock.advance(seconds: 86_400)
        let acquirer = SlowAcquirer(house.acquirer)
        let worker = Self.charging(house, acquirer)
        let running = Task { await worker.run() }
        for _ in 0..<1500 where !acquirer.isHolding {
          try await Task.sleep(for: .milliseconds(20))
        }
        #expect(acquirer.isHolding)
        running.cancel()
        await running.value
        #expect(try await house.house.texts(Self.windows) == ["authorising"])
        // Its claim still stands: nobody else asks.
        try await house.charging.drain()
        #expect(try await house.house.texts(Self.windows) == ["authorising"])
        house.clock.advance(seconds: ChargeWindow.answerSecondsMax)
        try await house.charging.drain()
        #expect(try await house.windows() == ["2026-11-22 0 captured 800 0"])
        let window = try await house.window()
        let keys = house.acquirer.books.withLock { $0.allPayments.map(\.key) }
        #expect(keys == ["w\(window)-1"])
        try await house.house.expectSound()
      }
    }

    /// Answers of checks and charges are noted together, in the order in which they came.
    @Test func aCheckThatIsAnsweredBesideADeclineLetsNobodyOn() async throws {
      try await CardHouse.with { house in
        try await house.keepDenyList()
        try await house.house.journal([try bankTap(1, "08:00")], receivedAt: house.clock.now)
        try await house.work()
        house.clock.advance(seconds: 86_400)
        try await Self.charging(house, SilentAcquirer()).drain()
        #expect(try await house.house.texts(Self.windows) == ["authorising"])
        // It was found bad once, and was tapped since.
        try await house.house.script(
          "update card_standing set state = 'denied', attempt = 2, asked_at = since")
        let clock = house.clock
        let desk = AnswerDesk(
          store: house.house.store, city: house.house.city, denyList: ValidatorDenyList(),
          now: { clock.now })
        let window = try await house.window()
        let outcomes = try await desk.apply(
          [
            GivenAnswer(
              key: ChargeKey.check(house.house.medium("visa-anna", .bank), attempt: 2).description,
              isCapture: false, answer: .done(reference: "good")),
            GivenAnswer(
              key: ChargeKey.window(window, attempt: 1).description, isCapture: false,
              answer: .declined(code: "51", isFinal: false)),
          ], actor: "acquirer")
        #expect(outcomes == [nil, nil])
        #expect(try await house.house.texts("select state from card_standing") == ["denied"])
        #expect(
          try await house.house.texts("select reason from deny_cause where lifted_at is null")
            == ["declined"])
        #expect(try await house.house.number("select count(*) from deny_list where is_denied") == 1)
      }
    }
  }
}
