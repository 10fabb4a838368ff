import Basics
import Transit

extension FareMeter {
  /// Puts taps together into rides, in order of their beginning; gives back a ride that stays open.
  mutating func pair(
    _ taps: ArraySlice<PreparedTap>, day: Int, state: RiderState
  ) -> PreparedTap? {
    var open = openTap
    openTap = nil
    // An alighting sorts before a boarding of the same moment; without an open ride it ends that one.
    var waiting: PreparedTap?
    for tap in taps {
      switch tap.kind {
      case .single: append(Ride(on: tap, status: .single, day: day))
      case .on:
        if let open {
          if isDoubled(tap, after: open, day: day, state: state) {
            append(secondTap(tap, day: day))
            continue
          }
          append(incomplete(open, day: day, state: state))
        }
        open = tap
        if let off = waiting, off.at == tap.at {
          end(&open, by: off, day: day, state: state)
          waiting = nil
        }
      case .off:
        if open == nil {
          leaveAlone(waiting)
          waiting = tap
        } else {
          end(&open, by: tap, day: day, state: state)
        }
      }
      if tap.kind == .on {
        leaveAlone(waiting)
        waiting = nil
      }
    }
    leaveAlone(waiting)
    guard let open else { return nil }
    if closingHabits == nil, tap(open, mayEndAfter: day) { return open }
    append(incomplete(open, day: day, habits: closingHabits ?? state.habits))
    return nil
  }

  private mutating func leaveAlone(_ off: PreparedTap?, _ reason: UnpairedReason = .noBoarding) {
    if let off { loneAlightings.append(LoneAlighting(index: off.index, reason: reason)) }
  }

  /// Ends the open ride by a tap off, unless the tap belongs to another vehicle.
  private mutating func end(
    _ open: inout PreparedTap?, by off: PreparedTap, day: Int, state: RiderState
  ) {
    guard let boarding = open else { return }
    if tariff.tables.tapping.pairsByVehicle, boarding.vehicle.hash != off.vehicle.hash {
      leaveAlone(off, .otherVehicle)
      return
    }
    open = nil
    guard isWithinLimit(boarding, off.at, day: day) else {
      leaveAlone(off, .tooLate)
      append(incomplete(boarding, day: day, state: state))
      return
    }
    append(ended(boarding, by: off, day: day))
  }

  /// Fare days after its own on which a ride may still be ended where the tariff sets no limit.
  ///
  /// It is then given up at the end of the last of them, or no later tap would ever make anybody pay for it.
  static let openDaysMax = 1

  private mutating func tap(_ open: PreparedTap, mayEndAfter day: Int) -> Bool {
    guard let limit = tariff.tables.tapping.limitMicroseconds else {
      return day < rideDay(open, day) + FareMeter.openDaysMax
    }
    return open.at + limit >= end(of: day)
  }

  private func isWithinLimit(_ on: PreparedTap, _ at: Int64, day: Int) -> Bool {
    guard let limit = tariff.tables.tapping.limitMicroseconds else {
      return day <= rideDay(on, day) + FareMeter.openDaysMax
    }
    return tariff.tables.tapping.isLimitInclusive ? at - on.at <= limit : at - on.at < limit
  }

  /// Rides come in order of their ends; they are rated in order of their beginnings.
  private mutating func append(_ ride: Ride) {
    rides.append(ride)
    var place = rides.count - 1
    while place > 0, rides[place - 1].on.at > rides[place].on.at {
      rides.swapAt(place - 1, place)
      place -= 1
    }
  }

  private func rideDay(_ on: PreparedTap, _ day: Int) -> Int {
    on.index >= 0
      ? day : tariff.tables.clock.fareDay(of: Instant(microseconds: on.at)).number
  }

  private func ended(_ on: PreparedTap, by off: PreparedTap, day: Int) -> Ride {
    let isCancelled =
      tariff.tables.tapping.cancelsSameStop && on.stop.hash != 0 && on.stop.hash == off.stop.hash
      && (tariff.tables.tapping.cancelMicroseconds.map { off.at - on.at <= $0 } ?? true)
    return Ride(
      on: on, off: Alighting(off), status: isCancelled ? .cancelled : .complete,
      day: rideDay(on, day))
  }

  private func incomplete(_ on: PreparedTap, day: Int, state: RiderState) -> Ride {
    incomplete(on, day: day, habits: state.habits)
  }

  private func incomplete(_ on: PreparedTap, day: Int, habits: [Habit]) -> Ride {
    let ride = Ride(on: on, status: .incomplete, day: rideDay(on, day))
    guard tariff.tables.tapping.habitTimes > 0, on.stop.hash != 0,
      let habit = habits.first(where: {
        $0.from == on.stop.hash && Int($0.times) >= tariff.tables.tapping.habitTimes
      })
    else { return ride }
    var off = Alighting(tariff.prepare(habit.off, index: RideOutcome.noTap))
    off.at = on.at
    var completed = Ride(on: on, off: off, status: .complete, day: ride.day)
    completed.isCompletedByHabit = true
    return completed
  }

  /// Remembers where the rider got off, for rides that lack the tap off.
  mutating func learn(from source: [FareTap], state: inout RiderState) {
    for ride in rides where ride.status == .complete && !ride.isCompletedByHabit {
      guard ride.on.stop.hash != 0, ride.off.stop.hash != 0, ride.off.index >= 0,
        Int(ride.off.index) < source.count
      else { continue }
      state.learn(source[Int(ride.off.index)], from: ride.on.stop.hash)
    }
  }

  /// Most stops whose usual alighting is remembered for a rider.
  static let habitsMax = 8

  /// Whether a tap on is the open ride's own a second time: it neither ends that ride nor begins one.
  ///
  /// The condition of the rule is asked of both as of rides of one tap, since nobody knows their ends yet.
  mutating func isDoubled(
    _ tap: PreparedTap, after open: PreparedTap, day: Int, state: RiderState
  ) -> Bool {
    let limit = tariff.tables.tapping.passBackMicroseconds
    guard limit > 0, open.vehicle.hash != 0, open.vehicle.hash == tap.vehicle.hash,
      tap.at - open.at < limit, isWithinLimit(open, tap.at, day: day)
    else { return false }
    return isUnderPassBack(open, day: rideDay(open, day), state: state)
      && isUnderPassBack(tap, day: day, state: state)
  }

  private mutating func isUnderPassBack(
    _ tap: PreparedTap, day: Int, state: RiderState
  ) -> Bool {
    var ride = Ride(on: tap, status: .single, day: day)
    takeCategory(for: &ride, holdings: state.holdings)
    classify(&ride)
    return tariff.tables.tapping.passBackCondition.holds(ride)
  }

  private func secondTap(_ tap: PreparedTap, day: Int) -> Ride {
    var ride = Ride(on: tap, status: .single, day: day)
    ride.isSecondTap = true
    return ride
  }

  /// Whether a boarding is a second tap on one vehicle that is not charged again.
  mutating func isPassBack(_ ride: borrowing Ride, state: inout RiderState) -> Bool {
    // The ride it doubles may still be open, and is then not yet the last one rated.
    if ride.isSecondTap { return true }
    let limit = tariff.tables.tapping.passBackMicroseconds
    guard limit > 0, ride.on.vehicle.hash != 0, tariff.tables.tapping.passBackCondition.holds(ride)
    else {
      return false
    }
    if let last = state.lastVehicle {
      // One that was open for long may have begun before the last one that was rated.
      if last.at > ride.on.at { return false }
      if last.vehicle == ride.on.vehicle.hash, ride.on.at - last.at < limit { return true }
    }
    state.lastVehicle = LastVehicle(vehicle: ride.on.vehicle.hash, at: ride.on.at)
    return false
  }
}

extension RiderState {
  /// Remembers where a ride from a stop ended.
  mutating func learn(_ alighting: FareTap, from stop: UInt32) {
    var off = alighting
    off.ref = RatedRide.carriedRef
    if let place = habits.firstIndex(where: { $0.from == stop }) {
      // Another alighting starts the count anew: a habit is an unbroken row.
      habits[place].times =
        habits[place].off.stop == off.stop ? min(100, habits[place].times + 1) : 1
      habits[place].off = off
    } else {
      if habits.count >= FareMeter.habitsMax { habits.removeFirst() }
      habits.append(Habit(from: stop, off: off, times: 1))
    }
  }
}
