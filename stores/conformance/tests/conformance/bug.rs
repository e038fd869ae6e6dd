//! The bugs of the plain store, named after what each does.

macro_rules! bugs {
    ($($bug:ident)*) => {
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(super) enum Bug {
            $($bug),*
        }

        pub(super) const BUGS: &[Bug] = &[$(Bug::$bug),*];
    };
}

bugs! {
    NoTombstone
    TombstoneShort
    TombstoneOverflows
    TombstoneOutlasts
    ExpiredIsDead
    LiveAtItsEnd
    LatestTime
    TimesOf32Bits
    VersionSigned
    VersionAsFloat
    LabelEmptied
    UserEmptied
    NobodyIsEmpty
    UserFolded
    UserTrimmed
    UserEndsAtNul
    UserCut
    NulInUserIsAnError
    NulInLabelIsAnError
    KeyCut
    KeyAsText
    KeyEndsAtNul
    InsertOverwrites
    InsertRevives
    InsertInTwoSteps
    OwnInsertIsDone
    UpdateCreates
    UpdateRevives
    UpdateIgnoresVersion
    UpdateInTwoSteps
    UpdateShortens
    UpdateKeepsCreated
    UpdateKeepsUser
    UpdateKeepsLabel
    UpdateKeepsSeen
    UpdateKeepsOrder
    UpdateDrawsOrder
    OwnUpdateIsDone
    ConflictIsOlder
    TouchShortens
    TouchStepsBack
    TouchRevives
    TouchChangesVersion
    TouchDrawsOrder
    TouchIsAlwaysDone
    DeleteCreates
    DeleteIsAlwaysDone
    DeleteVersionIgnoresVersion
    DeleteVersionOfOthersIsGone
    DeleteVersionInTwoSteps
    LastNoteCounts
    UnindexRemovesRecord
    UnindexForAll
    ListTrustsNotes
    ListShowsExpired
    ListShowsDead
    ListIgnoresMax
    ListShowsOldest
    ListIsBackwards
    ListPrunes
    OrderByCreation
    OrderByKey
    DeleteOneOfAnybody
    DeleteAllButOneIsAll
    DeleteAllNoted
    DeleteAllRemoves
    DeleteAllInTwoSteps
    TrimCountsExpired
    TrimKeepsOldest
    TrimSparesThis
    TrimSaysAlive
    TrimInTwoSteps
    DeleteExpiredIgnoresBatch
    DeleteExpiredTooEarly
    DeleteExpiredTombstones
    DurabilityIsAnError
}
