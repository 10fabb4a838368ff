package import Basics
package import Tapping
import Transit

/// Makes the bodies that devices post.
package struct DayBodies: Sendable {
  package let validators: Validators
  private let seed: UInt64

  /// Makes bodies for the devices of a day.
  package init(validators: Validators, seed: UInt64) {
    self.validators = validators
    self.seed = seed
  }

  /// The life of the devices' counters: a day's number, so that every simulated day is one.
  package var epoch: Int64 { Int64(validators.fleet.day.number) }

  /// A batch of a device's taps, numbers from 0; `now` is the moment of posting.
  ///
  /// A day of the past is posted as by devices that kept their taps until now: the clock that was
  /// wrong then is as wrong now.
  package func batch(
    _ taps: Range<Int>, of day: ValidatorDay, now: Instant, denyList: HeldDenyList = HeldDenyList(),
    tariffVersion: String? = nil
  ) -> TapBatch {
    let recorded = taps.map { validators.tap($0, of: day) }
    return TapBatch(
      device: day.device, epoch: epoch, sentAt: now.adding(seconds: Int64(day.clockErrorSeconds)),
      tariffVersion: tariffVersion, denyListVersion: denyList.version(of: recorded), taps: recorded)
  }

  /// The newest tap of a device once its day is over; nil when it recorded none.
  package func newestTap(of day: ValidatorDay) -> (epoch: Int64, tap: Tap)? {
    guard let last = day.rides.indices.last else { return nil }
    return (epoch, validators.tap(last, of: day))
  }

  /// A report of a vehicle's positions; nil when it reported nothing.
  ///
  /// Their times are those of satellites, whatever the validator's clock says.
  package func report(
    _ window: Range<Int>, of day: ValidatorDay, now: Instant
  ) -> (body: [UInt8], count: Int)? {
    let fleet = validators.fleet
    var body = PositionBody(device: day.device, sentAt: now)
    let vehicle = fleet.vehicles[day.vehicleIndex]
    for (trip, position) in VehicleTrack.positions(
      of: vehicle, in: window, fleet: fleet, seed: seed)
    {
      body.add(
        at: fleet.instant(seconds: position.seconds), vehicle: vehicle.name,
        coordinate: position.coordinate, speedMetresPerSecond: position.speedMetresPerSecond,
        bearingDegrees: position.bearingDegrees, trip: fleet.network.trips[trip.trip].id,
        route: fleet.network.routes[trip.route].id, isDoorOpen: position.isDoorOpen)
    }
    return body.count > 0 ? (body.finished(), body.count) : nil
  }
}
