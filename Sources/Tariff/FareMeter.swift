import Basics
import Transit

/// The engine: turns a rider's prepared taps into priced rides, with buffers that are used again.
package struct FareMeter {
  let tariff: CompiledTariff
  /// The ride that is open from an earlier day.
  var openTap: PreparedTap? {
    get { openTaps.first }
    set { openTaps = newValue.map { [$0] } ?? [] }
  }
  /// None or one tap; kept outside of the meter, which stays small enough to be handed on in registers.
  private var openTaps: [PreparedTap] = []
  /// The rider's habits where no further tap is awaited, so that open rides end now; nil where one is.
  var closingHabits: [Habit]?
  /// Whether another version has still to rate a part of the day, or a ride that stays open beside it, from
  /// the whole state: then nothing is let go of.
  var keepsAll = false
  var rides: [Ride] = []
  package private(set) var outcomes: [RideOutcome] = []
  var trace: [TraceStep] = []
  /// Taps off of the day that ended no ride.
  var loneAlightings: [LoneAlighting] = []
  /// Where the steps of the ride at hand begin.
  var traceStart = 0
  /// Fare days that were asked for, since many riders are rated for the same few days.
  private var days = [FareDayFacts](repeating: .none, count: FareMeter.daysMax)
  /// Fare days that are remembered.
  private static let daysMax = 16

  /// Makes an engine for a tariff.
  package init(_ tariff: CompiledTariff) { self.tariff = tariff }

  /// Rates prepared taps of one rider's fare day, sorted by time; gives back what is charged in all.
  ///
  /// Only the sums and the outcomes are made, no texts: this is the rate-only way for load tests.
  @discardableResult
  package mutating func rate(
    day: Int, state: inout RiderState, taps: ArraySlice<PreparedTap>, source: [FareTap] = []
  ) -> Int64 {
    outcomes.removeAll(keepingCapacity: true)
    trace.removeAll(keepingCapacity: true)
    rides.removeAll(keepingCapacity: true)
    loneAlightings.removeAll(keepingCapacity: true)
    if openTaps.isEmpty, tariff.tables.tickets.isEmpty, taps.allSatisfy({ $0.kind == .single }) {
      // The common day: each tap is a ride, in order, and nothing has to be put together.
      for index in taps.indices {
        rateOne(Ride(on: taps[index], status: .single, day: day), state: &state)
      }
      prune(&state, day: day)
      return charged()
    }
    let opened = state.boarding
    let open = pair(taps, day: day, state: state)
    state.boarding = open.flatMap { tap in
      tap.index < 0 ? state.boarding : source.isEmpty ? nil : source[Int(tap.index)]
    }
    // The number is that of a tap of this day; the days to come know none of it.
    state.boarding?.ref = RatedRide.carriedRef
    if tariff.tables.tickets.isEmpty {
      for index in rides.indices { rateOne(rides[index], state: &state) }
    } else {
      rateByTickets(day: day, opened: opened, state: &state, source: source)
    }
    if tariff.tables.tapping.habitTimes > 0 { learn(from: source, state: &state) }
    prune(&state, day: day)
    return charged()
  }

  /// What all rides with a known fare are charged; no more than 64 bits hold.
  private func charged() -> Int64 {
    var sum: Int64 = 0
    for outcome in outcomes where outcome.chargedMinor != unknownMinor {
      let (next, isPast) = sum.addingReportingOverflow(outcome.chargedMinor)
      if isPast { return .max }
      sum = next
    }
    return sum
  }

  /// Microseconds at which a fare day ends, exclusive.
  mutating func end(of day: Int) -> Int64 {
    facts(of: day).end
  }

  /// What the clock and the calendar say of a fare day.
  mutating func facts(of day: Int) -> FareDayFacts {
    let place = day & (FareMeter.daysMax - 1)
    if days[place].day != day { days[place] = FareDayFacts(day, tariff) }
    return days[place]
  }

  /// Prices one ride and everything that changes its price.
  ///
  /// It takes the ride over: what is handed on by reference is not copied, and a ride is large.
  private mutating func rateOne(_ ride: consuming Ride, state: inout RiderState) {
    takeCategory(for: &ride, holdings: state.holdings)
    classify(&ride)
    let isSecondTap = isPassBack(ride, state: &state)
    rateByItself(ride, isSecondTap: isSecondTap, state: &state)
  }

  /// Prices a ride whose category and times are known.
  mutating func rateByItself(
    _ ride: consuming Ride, isSecondTap: Bool, state: inout RiderState
  ) {
    traceStart = trace.count
    if isSecondTap {
      step(.passBack, .none)
      finish(ride, nominal: 0, charged: 0, product: .none)
      return
    }
    if ride.status == .cancelled {
      step(.cancelled, .none)
      finish(ride, nominal: 0, charged: 0, product: .none)
      return
    }
    let (nominal, product) = nominalPrice(&ride)
    guard nominal != unknownMinor else {
      finish(ride, nominal: unknownMinor, charged: unknownMinor, product: product)
      return
    }
    settle(ride, nominal: nominal, alone: nominal, product: product, state: &state)
  }

  /// From the price by itself to what is charged; `alone` is what one person pays for this ride only.
  mutating func settle(
    _ ride: borrowing Ride, nominal: Int64, alone: Int64, product: RuleName,
    state: inout RiderState
  ) {
    var charge = nominal
    var carrier = product
    var isFree = false
    // Of nothing there is no part to pay: a product that pays one leaves the fees to the rider.
    let paysAll = nominal == 0
    if ride.categoryRule >= 0, tariff.tables.categories[Int(ride.categoryRule)].isFree {
      step(.freeCategory, .category(ride.categoryRule), minor: nominal)
      charge = 0
      isFree = true
    } else if let use = useProduct(ride, price: nominal, paysAll: paysAll, state: &state) {
      // The ride opens and uses transfers as if it had been paid, so that a product never costs.
      let steps = trace.count
      // It counts as a ride of a repeat discount too, or the next one would lose its turn.
      let linked = linked(ride, price: charge, state: &state)
      let due = repeated(ride, price: linked, state: &state)
      if use.restMinor == 0 {
        trace.removeSubrange(steps...)
        charge = 0
        if paysAll { noteFees(feesInsideCaps(ride)) }
      } else {
        charge = chargeRest(
          use, ride, price: nominal, due: due, firstStep: steps, state: &state)
      }
      carrier = .product(Int32(use.rule))
    } else {
      charge = chargeWithoutProduct(ride, price: charge, state: &state)
    }
    // What a transfer, a cap or a product made free would have been free without the category.
    let isReduced = !isFree && (charge > 0 || nominal == 0)
    self.charge(
      ride, charge, nominal: nominal, alone: alone, isReduced: isReduced, carrier: carrier,
      state: &state)
  }

  /// Adds what no product and no cap holds to a rider's charge: fees, companions, rounding, a top-up.
  mutating func charge(
    _ ride: borrowing Ride, _ due: Int64, nominal: Int64, alone: Int64, isReduced: Bool,
    carrier: RuleName, state: inout RiderState
  ) {
    var charge = withSurcharges(ride, due, countingToCaps: false)
    var whole = nominal
    let others = Int64(ride.on.riders - 1)
    let each = others > 0 ? companionPrice(ride, own: alone) : 0
    noteReduction(ride, isRiders: isReduced, companion: each)
    if others > 0 {
      charge += others * each
      whole += others * each
      step(.riders, .none, minor: others * each, number: Int64(ride.on.riders))
    }
    if let rounding = tariff.tables.rounding {
      let rounded = rounding.of(charge)
      if rounded != charge, rounded != unknownMinor {
        step(.rounded, .none, minor: rounded - charge)
      }
      charge = rounded
    }
    // Companions and fees may come to more than any price: sums of many rides have to keep room.
    let paid =
      priceOrUnknown(charge) == unknownMinor
      ? unknownMinor : paidFromBalance(charge, state: &state)
    guard paid != unknownMinor else {
      step(.unknown, .missing(.price))
      finish(ride, nominal: unknownMinor, charged: unknownMinor, product: carrier)
      return
    }
    finish(ride, nominal: whole, charged: paid, product: carrier)
  }

  /// Links, discounts and caps, in their order.
  mutating func chargeWithoutProduct(
    _ ride: borrowing Ride, price: Int64, state: inout RiderState
  ) -> Int64 {
    var charge = linked(ride, price: price, state: &state)
    charge = repeated(ride, price: charge, state: &state)
    charge = withSurcharges(ride, charge, countingToCaps: true)
    return capped(ride, charge, state: &state)
  }

  /// Notes a rule at work on the ride at hand.
  mutating func step(
    _ code: FareStepCode, _ rule: RuleName, minor: Int64 = unknownMinor,
    number: Int64 = unknownMinor, isApplied: Bool = true
  ) {
    trace.append(
      TraceStep(code: code, rule: rule, minor: minor, number: number, isApplied: isApplied))
  }

  mutating func finish(_ ride: borrowing Ride, nominal: Int64, charged: Int64, product: RuleName) {
    let isCompleted = ride.isCompletedByHabit
    outcomes.append(
      RideOutcome(
        boardIndex: ride.on.index,
        alightIndex: ride.endsByTap ? ride.off.index : RideOutcome.noTap, at: ride.on.at,
        endedAt: ride.endsByTap && !isCompleted ? ride.off.at : unknownMinor,
        nominalMinor: nominal, chargedMinor: charged, product: product,
        categoryRule: ride.categoryRule,
        trace: traceStart..<trace.count))
  }

  /// Place of the ride's category in the tariff; nil when the tariff does not know it.
  func categoryIndex(_ ride: borrowing Ride) -> Int? {
    let id = Int(ride.on.category.id)
    let known =
      id >= 0 && id < tariff.tables.categoryByID.count ? tariff.tables.categoryByID[id] : -1
    let index = known >= 0 ? known : tariff.tables.unknownCategory
    return index < 0 ? nil : Int(index)
  }
}

/// What came of a ride, in numbers.
package struct RideOutcome: Sendable {
  static let noTap: Int32 = -2

  var boardIndex: Int32
  var alightIndex: Int32
  var at: Int64
  var endedAt: Int64
  /// Minor units; `Int64.min` when no fare is known.
  package var nominalMinor: Int64
  /// Minor units; `Int64.min` when no fare is known.
  package var chargedMinor: Int64
  var product: RuleName
  /// Place of the category that counts; -1 when the tariff does not know the rider's.
  var categoryRule: Int32
  var trace: Range<Int>
}

/// A rule by its place in the tariff.tables.
enum RuleName: Hashable, Sendable {
  case none
  case fare(Int32)
  case category(Int32)
  case product(Int32)
  case transfer(Int32)
  case chain(Int32)
  case repetition(Int32)
  case cap(Int32)
  case surcharge(Int32)
  case ticket(Int32)
  case waiver(Int32)
  case missing(MissingPart)
}

/// What a ride without a fare lacks.
enum MissingPart: String, Hashable, Sendable {
  case service, category, price, end, ticket
}

/// One rule at work, in numbers.
struct TraceStep: Sendable {
  var code: FareStepCode
  var rule: RuleName
  var minor: Int64
  var number: Int64
  var isApplied: Bool
}
