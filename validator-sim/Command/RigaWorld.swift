import Basics
import ServiceClient
import SimulatedCity
import Tapping
import Transit

/// The files of the Riga day, read.
struct RigaWorld {
  let vehicles: [(vehicle: String, taps: [Tap])]
  let positions: [RigaPosition]
  /// Place of the vehicle with positions in `vehicles`.
  let trackedIndex: Int

  /// Reads the folder with the shared data.
  init(folder: String) throws {
    let network = try Edge.network(folder + "/gtfs/riga_2019-10.zip")
    guard let zone = TimeZoneTable(name: "Europe/Riga") else {
      throw ProgramFault("this system has no time zone Europe/Riga; install tzdata")
    }
    let riga = folder + "/riga-2018-11-23/"
    do {
      let taps = try RigaDay.tapFiles.flatMap {
        try RigaDay.taps(try Edge.read(riga + $0), file: riga + $0, zone: zone)
      }
      vehicles = RigaDay.numbered(taps, network: network).map { (vehicle: $0.0, taps: $0.1) }
      let file = riga + RigaDay.positionFile
      positions = try RigaDay.positions(try Edge.read(file), file: file, zone: zone)
    } catch let fault as RigaFault {
      throw ProgramFault(fault.description)
    }
    let tracked = vehicles.firstIndex { $0.vehicle == RigaDay.trackedVehicle }
    guard let tracked else {
      throw ProgramFault("\(folder) has no taps of vehicle \(RigaDay.trackedVehicle)")
    }
    trackedIndex = tracked
  }
}
