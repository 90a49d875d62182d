"""The component ids of the page, so that no other Python file has them as strings.

The scripts in ``assets/`` find the elements by the same ids; a test compares both.
"""

from __future__ import annotations

# page shell
MENU = "menu"  # opens the switches on a phone
SWITCHES = "switches"
LANGUAGE_SWITCH = "language-switch"
THEME_SWITCH = "theme-switch"
ANNOUNCER = "announcer"  # the one polite live region for screen readers
UNDO = "undo"
REDO = "redo"
HELP = "help"  # the sheet of shortcuts, a dialog
HELP_OPEN = "help-open"
HELP_CLOSE = "help-close"
HELP_TITLE = "help-title"
MAIN = "main"  # all views, below the header
PROJECTOR = "projector"  # the button of projector mode
BOOT = "boot"  # a store that exists once the layout is mounted: starts the browser code

# build: section 2 of the lecture
BUILD = "build"
BUILD_PLOT = "build-plot"
BUILD_WEIGHTS = "build-weights"
BUILD_MSE = "build-mse"
BUILD_START = "build-start"
BUILD_RANDOM = "build-random"
BUILD_CHALLENGE = "build-challenge"
BUILD_CHALLENGE_CARD = "build-challenge-card"
BUILD_CHALLENGE_TASK = "build-challenge-task"
BUILD_CHALLENGE_NEW = "build-challenge-new"
BUILD_CHALLENGE_SHOW = "build-challenge-show"
BUILD_CHALLENGE_STATUS = "build-challenge-status"
BUILD_FORMULA = "build-formula"
BUILD_EQUATIONS = "build-equations"
BUILD_TABS = "build-tabs"
BUILD_STEPS = "build-steps"
BUILD_PANELS = ("panel-u1", "panel-u2", "panel-v1", "panel-v2", "panel-y")
CONSTRUCTION_TABS = "construction-tabs"
CONSTRUCTION_CODE = "construction-code"
CONSTRUCTION_PLOT = "construction-plot"
CONSTRUCTION_DIFFERENCE = "construction-difference"
CONSTRUCTION_PARAMS = "construction-params"  # store: weights released by the sliders
CONSTRUCTION_RESULTS = "construction-results"  # store: what the server computed from them

# fit: section 3 of the lecture
FIT = "fit"
FIT_NOTICE = "fit-notice"
FIT_DATA = "fit-data"
FIT_DATA_PROBLEM = "fit-data-problem"
FIT_DATA_KIND = "fit-data-kind"  # whether y is yes/no or a number, and which loss fits it
FIT_DATA_PANEL = "fit-data-panel"
FIT_DATA_CHOICE = "fit-data-choice"  # filled by the browser when the drawer is opened
FIT_ARCHITECTURE = "fit-architecture"
FIT_LAYERS = "fit-layers"
FIT_SEED = "fit-seed"
FIT_EPOCHS = "fit-epochs"
FIT_OPTIONS = "fit-options"  # the panel with net, optimizer and engine
FIT_SUMMARY = "fit-summary"  # net, optimizer and engine in words
FIT_HIDDEN = "fit-hidden"
FIT_BIAS = "fit-bias"
FIT_ACTIVATION = "fit-activation"
FIT_LOSS = "fit-loss"
FIT_OPTIMIZER = "fit-optimizer"
FIT_LR = "fit-lr"
FIT_MOMENTUM = "fit-momentum"
FIT_ENGINE = "fit-engine"
FIT_ENGINE_USED = "fit-engine-used"
FIT_TRAIN = "fit-train"
FIT_PAUSE = "fit-pause"
FIT_RESUME = "fit-resume"
FIT_STEP = "fit-step"
FIT_RESET = "fit-reset"
COUNT_EPOCH = "count-epoch"
COUNT_LOSS = "count-loss"
COUNT_TEST = "count-test"  # the loss on held-out points
COUNT_SLOPES = "count-slopes"  # of the bent line, left and right
FIT_COMPLAINT = "fit-complaint"  # what is wrong with seed or N
COUNT_STATUS = "count-status"  # the status of the run in words
FIT_PROGRESS = "fit-progress"
FIT_POINTS_PLOT = "fit-points-plot"  # the layer below the next plot, with the same axes
FIT_YHAT_PLOT = "fit-yhat-plot"
FIT_LOGIT_PLOT = "fit-logit-plot"
FIT_LOSS_PLOT = "fit-loss-plot"
FIT_LOG_X = "fit-log-x"
FIT_PLAYBACK = "fit-playback"
FIT_FORMULA = "fit-formula"
FIT_WEIGHTS = "fit-weights"
FIT_LOOKING_BACK = "fit-looking-back"
FIT_CHECKPOINTS = "fit-checkpoints"
FIT_CHECKPOINTS_PANEL = "fit-checkpoints-panel"
FIT_STUCK = "fit-stuck"
STUCK_REASON = "stuck-reason"
STUCK_LIMIT = "stuck-limit"
STUCK_BIAS = "stuck-bias"
STUCK_SEED = "stuck-seed"
STUCK_UNITS = "stuck-units"
STUCK_HINT = "stuck-hint"

# explore: what the lecture's page does not say
EXPLORE = "explore"
EXPLORE_PICK = "explore-pick"
SEEDS_COUNT = "seeds-count"
SEEDS_FIRST = "seeds-first"
SEEDS_EPOCHS = "seeds-epochs"
SEEDS_TRAIN = "seeds-train"
SEEDS_STOP = "seeds-stop"
SEEDS_SETTING = "seeds-setting"  # which net the button trains
SEEDS_PROGRESS = "seeds-progress"
SEEDS_STATUS = "seeds-status"
SEEDS_TOLD = "seeds-told"
SEEDS_REASONS = "seeds-reasons"
SEEDS_LEGEND = "seeds-legend"
SEEDS_CURVES = "seeds-curves"
SEEDS_DOTS = "seeds-dots"
SEEDS_ONE = "seeds-one"
SEEDS_OPEN = "seeds-open"
SEEDS_CHOSEN = "seeds-chosen"

# the loss surface
SURFACE_BODY = "surface-body"  # the whole card, for nets whose frames hold parameters
SURFACE_WIDE = "surface-wide"  # a message for wide nets
SURFACE_VIEW = "surface-view"
SURFACE_TWO = "surface-two"  # the fields of that view
SURFACE_X = "surface-x"
SURFACE_Y = "surface-y"
SURFACE_RUN = "surface-run"
SURFACE_THIRD = "surface-third"
SURFACE_ZOOM_IN = "surface-zoom-in"
SURFACE_ZOOM_OUT = "surface-zoom-out"
SURFACE_ZOOM_RESET = "surface-zoom-reset"
SURFACE_PLOT = "surface-plot"
SURFACE_PROBLEM = "surface-problem"
SURFACE_NOTE = "surface-note"
SURFACE_LOSS = "surface-loss"
SURFACE_LOWEST = "surface-lowest"
SURFACE_SOLID_SWITCH = "surface-solid-switch"
SURFACE_SOLID = "surface-solid"  # the 3-D view

# by hand against Adam
BY_HAND_WEIGHTS = "by-hand-weights"
BY_HAND_POINTS = "by-hand-points"  # the layer below the next plot, with the same axes
BY_HAND_PLOT = "by-hand-plot"
BY_HAND_FROM_BUILD = "by-hand-from-build"
BY_HAND_FROM_ADAM = "by-hand-from-adam"
BY_HAND_BEST = "by-hand-best"
BY_HAND_LOSS = "by-hand-loss"
BY_HAND_ADAM_LOSS = "by-hand-adam-loss"
BY_HAND_VERDICT = "by-hand-verdict"
# explore: compare runs
COMPARE_KEEP = "compare-keep"
COMPARE_SAID = "compare-said"
COMPARE_KEEP_IN_FIT = "compare-keep-in-fit"  # the same button, beside the loss curve
COMPARE_SAID_IN_FIT = "compare-said-in-fit"
COMPARE_AXES = "compare-axes"
COMPARE_LOSS_PLOT = "compare-loss-plot"
COMPARE_POINTS_PLOT = "compare-points-plot"  # the layer below the next plot, with the same axes
COMPARE_FIT_PLOT = "compare-fit-plot"
COMPARE_NOTE = "compare-note"
COMPARE_TABLE = "compare-table"

# explore: the line in pieces
PIECES_PLOT = "pieces-plot"
PIECES_CHOOSE = "pieces-choose"
PIECES_UNIT = "pieces-unit"
PIECES_UNITS = "pieces-units"  # the plot and the chooser
PIECES_COUNT = "pieces-count"
PIECES_WHEN = "pieces-when"
PIECES_FORMULA = "pieces-formula"
PIECES_TABLE = "pieces-table"

# explore: one step, explained
ONE_STEP = "one-step"
ONE_STEP_NEXT = "one-step-next"
ONE_STEP_WHEN = "one-step-when"
ONE_STEP_YHAT = "one-step-yhat"  # the four steps
ONE_STEP_LOSS_STEP = "one-step-loss-step"
ONE_STEP_BACKWARD = "one-step-backward"
ONE_STEP_OPTIMIZER = "one-step-optimizer"
ONE_STEP_FORMULA = "one-step-formula"
ONE_STEP_FIRST = "one-step-first"  # a note that a wide net has more units than are shown
ONE_STEP_LOSS = "one-step-loss"
ONE_STEP_CHOOSE = "one-step-choose"
ONE_STEP_GRADIENT = "one-step-gradient"
ONE_STEP_RESIDUAL = "one-step-residual"
ONE_STEP_FACTOR = "one-step-factor"
ONE_STEP_PRODUCT = "one-step-product"
ONE_STEP_PULL = "one-step-pull"
ONE_STEP_UPDATE = "one-step-update"
ONE_STEP_TABLE = "one-step-table"
ONE_STEP_AFTER = "one-step-after"

# take home: links, files, pictures, and opening a run from a file
SHARE = "share"
SHARE_OPEN = "share-open"  # the button in the header
SHARE_LINK = "share-link"
SHARE_HOLDS = "share-holds"  # what the link contains, in words
SHARE_NOTE = "share-note"  # what it does not contain
SHARE_COPY = "share-copy"
SHARE_COPIED = "share-copied"
SHARE_QR = "share-qr"
SHARE_QR_SHOW = "share-qr-show"
SHARE_QR_LARGE = "share-qr-large"
SHARE_QR_DIALOG = "share-qr-dialog"
SHARE_LECTURER = "share-lecturer"
SHARE_FILES = "share-files"
SHARE_FILES_STATUS = "share-files-status"
SHARE_PICTURES = "share-pictures"
SHARE_PICTURES_STATUS = "share-pictures-status"
SHARE_IMPORT = "share-import"
SHARE_IMPORT_STATUS = "share-import-status"

# the class, for a student
CLASS = "class"
CLASS_BAR = "class-bar"  # under the header, while the page is in a class
CLASS_BODY = "class-body"  # filled by the browser

# the teacher's board: what is in it is in board_ids.py
BOARD = "board"
BOARD_LINK = "board-link"  # in the header, for a teacher

# lessons
LESSONS = "lessons"
LESSONS_OPEN = "lessons-open"
LESSONS_CLOSE = "lessons-close"
LESSONS_FOLD = "lessons-fold"  # collapses the panel on small screens
LESSONS_BODY = "lessons-body"
TOUR_OFFER = "tour-offer"  # a line beside the status, on the first visit
TOUR_START = "tour-start"
TOUR_DISMISS = "tour-dismiss"
TOUR_HELP = "tour-help"  # the same button in the help sheet

# stores for the data between browser and server
TAB = "tab"  # store: the session id that this browser tab remembers
SESSION = "session"  # store: the session that the server opened for it
EDIT = "edit"  # store: weights that were dragged or typed in Fit
REPLY = "reply"  # store: the server's answer to the last command
