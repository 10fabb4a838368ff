import Basics
import Insight
import Store
import Tapping

/// How the service stands, for programs.
extension Handlers {
  func status(_ request: WebRequest) async throws -> Answer {
    let status = try await services.insight.status(at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.member("made_at", status.madeAt.description)
      writer.member("lag_seconds", status.lagSeconds)
      writer.member("needs_person", status.needsPerson)
      writer.journal(status.journal)
      writer.backlog(status.backlog)
      writer.standing(status)
      writer.key("today")
      writer.figures(status.today)
      writer.endObject()
    }
  }
}

extension JSONWriter {
  fileprivate mutating func journal(_ journal: JournalStanding) {
    key("taps")
    beginObject()
    member("stored", journal.tapsStored)
    member("sorted", journal.sortedTaps)
    member("unsorted", journal.unsortedTaps)
    member("duplicates", journal.duplicates)
    member("conflicts", journal.conflicts)
    member("quarantined", journal.quarantined)
    member("set_aside", journal.setAsideTaps)
    endObject()
    key("batches")
    beginObject()
    member("unsorted", journal.unsortedBatches)
    member("set_aside", journal.setAsideBatches)
    member("oldest_unsorted_at", orNull: journal.oldestUnsortedAt?.description)
    endObject()
  }

  fileprivate mutating func backlog(_ backlog: BacklogStanding) {
    key("stale")
    beginObject()
    member("rider_days", backlog.riderDays)
    member("vehicle_days", backlog.vehicleDays)
    member("travel_days", backlog.travelDays)
    member("oldest_rider_day_at", orNull: backlog.oldestRiderDayAt?.description)
    endObject()
  }

  fileprivate mutating func standing(_ status: ServiceStatus) {
    key("gaps")
    beginObject()
    member("numbers", status.gaps.numbers)
    member("devices", status.gaps.devices)
    endObject()
    key("devices")
    beginObject()
    for state in DeviceState.allCases {
      member(state.rawValue, status.validators.counts[state] ?? 0)
    }
    member("silent", status.validators.silentCount)
    endObject()
    key("vehicles")
    beginObject()
    member("heard", status.positions.vehiclesHeard)
    member("known", status.positions.vehiclesKnown)
    member("positions_of_day", status.positions.positionsOfDay)
    endObject()
    key("books")
    beginArray()
    for totals in status.books {
      beginObject()
      member("currency", totals.currency.code)
      member("entries", totals.entries)
      member("debit_minor", totals.debitMinor)
      member("credit_minor", totals.creditMinor)
      member("difference_minor", totals.differenceMinor)
      endObject()
    }
    endArray()
  }

  fileprivate mutating func figures(_ figures: DayFigures) {
    beginObject()
    member("date", figures.day.description)
    member("taps", figures.completeness.taps)
    member("boardings", figures.completeness.boardings)
    member("boardings_without_stop", figures.completeness.unplacedBoardings)
    key("operators")
    beginArray()
    for row in figures.operators {
      beginObject()
      member("operator", orNull: row.sums.operatorID)
      member("name", orNull: row.name)
      member("currency", row.sums.currency.code)
      member("rides", row.sums.rides)
      member("charged_minor", row.sums.chargedMinor)
      member("unknown_rides", row.sums.unknownRides)
      endObject()
    }
    endArray()
    endObject()
  }
}
